"""Several annotators with mistakes of their own, and the label that most of them give."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array, ArrayInput
from esoftmax_jax.noise import _checks, _selection
from esoftmax_jax.noise._transition import inverse_cumulative


def annotator_labels(
    key: Array,
    labels: _checks.Labels,
    *,
    matrices: ArrayInput | Sequence[_checks.Matrix],
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Draws the labels that A annotators give, each with a transition matrix of its own.

    With T⁽ᵃ⁾ the matrix of annotator a, independently for all examples and annotators,

        P(annotation_na = j | clean_n = y) = T⁽ᵃ⁾_yj.

    Probabilities are multiples of 2⁻³², as in ``transition_matrix_noise``. A label depends on
    nothing but the key, the annotator's number, its matrix, the example's id and its clean
    label: further annotators leave the first ones' labels as they were, and parts of a data
    set may be passed one at a time.

    Source: the observers of Dawid and Skene, "Maximum Likelihood Estimation of Observer
    Error-Rates Using the EM Algorithm", Applied Statistics 28, 1979.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete.
        matrices: A matrices of shape (K, K), rows clean, columns annotated: an array of shape
            (A, K, K) or a sequence. For each, what ``transition_matrix_noise`` asks. Concrete.
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The annotations, of shape (N, A) and in the dtype of ``labels`` (64-bit integers
        become 32-bit unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If there is no matrix, one is not square, has a negative entry, a row with
            another sum or another size than the first, or a label, id or shape is wrong.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import annotator_labels
        >>> perfect = [[1.0, 0.0], [0.0, 1.0]]
        >>> contrary = [[0.0, 1.0], [1.0, 0.0]]
        >>> clean = jnp.array([0, 1, 1])
        >>> print(annotator_labels(jax.random.key(0), clean, matrices=[perfect, contrary]))
        [[0 1]
         [1 0]
         [1 0]]
    """
    key = _checks.checked_key(key, concrete=True)
    shares = _checked_matrices(matrices)
    num_classes = shares[0].shape[0]
    host_labels = _checks.checked_labels(labels, num_classes=num_classes, will_be_flipped=True)
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_labels.size)
    class_sizes = _selection.class_counts(host_labels, num_classes)
    stream = _selection.own_stream(key, "annotators")
    columns = []
    for annotator, its_shares in enumerate(shares):
        _checks.check_rows_in_use(its_shares, class_sizes, name=f"matrices[{annotator}]")
        bits = _selection.example_bits(jax.random.fold_in(stream, annotator), host_ids)
        annotations = inverse_cumulative(its_shares, host_labels, np.asarray(bits))
        columns.append(_selection.placed_like(labels, annotations.astype(host_labels.dtype)))
    return jnp.stack(columns, axis=1)


def majority_vote(
    key: Array,
    annotations: _checks.Labels | Sequence[Sequence[int]],
    *,
    num_classes: int,
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Returns the label that most annotators gave to each example.

    With v_nj = #{a : annotation_na = j}, the label of example n is drawn uniformly from

        {j : v_nj = max_k v_nk},

    which is the most frequent label where only one is. Of three annotators who give three
    different labels, each is followed with probability 1/3.

    The random bits of an example depend only on the key and its id, and the order of the
    annotators does not matter. Reordering annotations and ids together reorders the result
    in the same way, and the number of devices does not change it.

    Source: the aggregated labels, by majority of three, of Wei et al., "Learning with Noisy
    Labels Revisited: A Study Using Real-World Human Annotations", ICLR 2022.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``). It
            may be the one that drew the annotations.
        annotations: Integer array of shape (N, A) with classes in [0, K). Concrete.
        num_classes: K, at least 2.
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The labels, of shape (N,) and in the dtype of ``annotations`` (64-bit integers become
        32-bit unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If an annotation or ``num_classes`` is out of range, a shape is wrong or
            ids repeat.

    Example:
        >>> import jax
        >>> from esoftmax_jax.noise import majority_vote
        >>> annotations = [[3, 1, 3], [0, 2, 2], [1, 1, 1]]
        >>> print(majority_vote(jax.random.key(0), annotations, num_classes=4))
        [3 2 1]
    """
    key = _checks.checked_key(key)
    num_classes = _checks.checked_num_classes(num_classes)
    host_annotations = _checks.checked_labels(
        annotations, num_classes=num_classes, name="annotations", dimensions=2
    )
    host_ids = _checks.checked_example_ids(example_ids, num_examples=host_annotations.shape[0])
    bits = _selection.example_bits(_selection.own_stream(key, "tied votes"), host_ids)
    winners: Array = _most_frequent(_selection.on_device(annotations, host_annotations), bits)
    return winners


def _checked_matrices(matrices: object) -> list[_checks.HostFloats]:
    _checks.refuse_tracer(matrices, name="matrices", task="draws")
    if not isinstance(matrices, jax.Array | np.ndarray | Sequence) or isinstance(matrices, str):
        raise TypeError(
            f"matrices must be a sequence of matrices, got {type(matrices).__name__}; pass an "
            "array of shape (A, K, K)"
        )
    if isinstance(matrices, jax.Array):
        matrices = np.asarray(matrices)
    if isinstance(matrices, np.ndarray) and matrices.ndim != 3:
        raise ValueError(
            f"matrices must have shape (A, K, K), got shape {matrices.shape}; pass one matrix "
            "per annotator, [matrix] for a single one"
        )
    if len(matrices) == 0:
        raise ValueError("matrices must not be empty; pass one matrix per annotator")
    checked = [
        _checks.checked_transition_matrix(matrix, name=f"matrices[{annotator}]")
        for annotator, matrix in enumerate(matrices)
    ]
    for annotator, shares in enumerate(checked):
        if shares.shape != checked[0].shape:
            raise ValueError(
                f"matrices[{annotator}] must have shape {checked[0].shape}, as matrices[0] "
                f"has, got shape {shares.shape}; all annotators choose from the same classes"
            )
    return checked


@jax.jit
def _most_frequent(annotations: Array, bits: Array) -> Array:
    # Annotators are few and classes may be many: comparing annotators with each other needs
    # A² numbers per example, counting votes for every class would need K.
    ordered = jnp.sort(annotations, axis=1)
    votes = jnp.sum(ordered[:, :, None] == ordered[:, None, :], axis=2, dtype=jnp.uint32)
    most = jnp.max(votes, axis=1)
    leading = votes == most[:, None]
    # Equal labels stand side by side, so every most-th leading entry begins another label.
    num_tied = jnp.sum(leading, axis=1, dtype=jnp.uint32) // most
    chosen = bits % num_tied * most
    place = jnp.cumsum(leading, axis=1, dtype=jnp.uint32) - jnp.uint32(1)
    return jnp.max(ordered, axis=1, where=leading & (place == chosen[:, None]), initial=0)
