"""Instance-dependent noise: which wrong label an example gets depends on its features."""

import numbers

import jax
import jax.numpy as jnp
import numpy as np

from esoftmax_jax._types import Array, ArrayLike
from esoftmax_jax.noise import _checks, _feature_draws, _selection


def instance_dependent_noise(
    key: Array,
    labels: _checks.Labels,
    features: Array | np.ndarray,
    *,
    num_classes: int,
    rate: float,
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Flips an exact number of labels to classes that a random linear model names.

    Of N examples exactly ⌊rate · N⌋ are flipped, drawn uniformly from all of them, so the
    number per class varies. A flipped example with features x ∈ ℝ^D and true class y gets

        ỹ ~ softmax(z) over the classes k ≠ y,    z = x · W_y,    W_y ∈ ℝ^(D×K) ~ N(0, 1),

    with one matrix W_y for each true class, drawn from the key alone. The count is exact in
    the decimal digits of the rate.

    Features are taken as they are. A logit has the standard deviation ‖x‖₂, about √D for D
    normalised pixels: 55 for a CIFAR image. So the softmax is nearly one-hot, and the wrong
    label nearly a function of the image; features scaled down give softer draws.

    The bits of an example depend only on the key and its id, and its logits only on the key,
    its class and its features. Reordering labels, features and ids together reorders the
    result in the same way, bit for bit, and the number of devices does not change it. Kinds
    of hardware round products differently: between them a label may differ where two classes
    tie to within rounding. Which examples flip is a ranking over all examples passed, so a
    whole data set belongs in one call.

    Source: the protocol of Wang et al., "ε-Softmax", NeurIPS 2024, section on experiments,
    whose choice of wrong labels is that of Xia et al., "Part-dependent Label Noise: Towards
    Instance-dependent Label Noise", NeurIPS 2020. In the labels that the authors of ε-softmax
    publish for CIFAR-10, x is one randomly shifted and mirrored view of each normalised
    image, not the image; pass such views as features for noise of that kind.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete: examples are
            counted and sorted on the host.
        features: Finite floating-point array of shape (N, ...), normalised as the user
            wishes; all axes but the first are flattened to D and multiplied in float32.
        num_classes: K, at least 2.
        rate: Share of all labels to flip, in [0, 1].
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The noisy labels, in the shape and dtype of ``labels`` (64-bit integers become 32-bit
        unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype; features of integers must be
            normalised first.
        ValueError: If a label, the rate or ``num_classes`` is out of range, a shape is wrong,
            ids repeat, or a feature is not finite.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import instance_dependent_noise, noise_rate
        >>> clean = jnp.arange(1000) % 10
        >>> images = jax.random.normal(jax.random.key(1), (1000, 4, 4, 3))
        >>> noisy = instance_dependent_noise(
        ...     jax.random.key(0), clean, images, num_classes=10, rate=0.4
        ... )
        >>> noise_rate(clean, noisy)
        0.4
    """
    key = _checks.checked_key(key, concrete=True)
    num_classes = _checks.checked_num_classes(num_classes)
    exact_rate = _checks.checked_rate(rate)
    examples = _feature_draws.checked_examples(
        labels, features, num_classes=num_classes, example_ids=example_ids
    )
    num_examples = examples.labels.size
    who, to_which = _selection.separate_streams(key)
    # One class for all: the ranking, and so the exact count, runs over the whole set.
    flipped = _selection.choose_flipped(
        jnp.zeros(num_examples, jnp.int32),
        _selection.example_bits(who, examples.ids),
        examples.ids,
        np.array([num_examples], np.int32),
        np.array([_selection.exact_floor(exact_rate, num_examples)], np.int32),
    )
    return _with_wrong_labels(to_which, labels, examples, flipped)


def part_dependent_noise(
    key: Array,
    labels: _checks.Labels,
    features: Array | np.ndarray,
    *,
    num_classes: int,
    rate: float,
    rate_std: float = 0.1,
    example_ids: _checks.Labels | None = None,
) -> Array:
    """Flips each label with a rate of its own to a class that a random linear model names.

    An example with features x ∈ ℝ^D and true class y draws its flip rate q and its label ỹ:

        q ~ N(rate, rate_std²), truncated to [0, 1],
        ỹ = y with probability 1 − q, else ỹ ~ softmax(z) over the classes k ≠ y,
        z = x · W_y,    W_y ∈ ℝ^(D×K) ~ N(0, 1),

    with one matrix W_y for each true class, drawn from the key alone. The number of flips is
    random. Its mean is N times the mean of the truncated normal, which is ``rate`` only far
    from the borders: rate 0.1 and deviation 0.1 give 0.129.

    Features, the order of the data, devices and hardware matter as they do to
    ``instance_dependent_noise``. No example depends on another here, so data may also be
    passed in parts that bring their ids, up to the same rounding of ties.

    Source: Xia et al., "Part-dependent Label Noise: Towards Instance-dependent Label Noise",
    NeurIPS 2020, generation of instance-dependent labels; with truncated flip rates as in the
    authors' code.

    Args:
        key: One PRNG key, typed (``jax.random.key``) or uint32 (``jax.random.PRNGKey``).
        labels: Integer array of shape (N,) with classes in [0, K). Concrete: examples are
            sorted on the host.
        features: Finite floating-point array of shape (N, ...), normalised as the user
            wishes; all axes but the first are flattened to D and multiplied in float32.
        num_classes: K, at least 2.
        rate: Mean of the normal distribution of flip rates before truncation, in [0, 1].
        rate_std: Its standard deviation, at least 0; 0 gives every example the same rate.
        example_ids: Unique integers in [0, 2³²) of shape (N,); by default 0, …, N − 1.

    Returns:
        The noisy labels, in the shape and dtype of ``labels`` (64-bit integers become 32-bit
        unless JAX's x64 mode is on, as everywhere in JAX).

    Raises:
        TypeError: If an argument has the wrong type or dtype; features of integers must be
            normalised first.
        ValueError: If a label, a rate or ``num_classes`` is out of range, a shape is wrong,
            ids repeat, or a feature is not finite.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from esoftmax_jax.noise import noise_rate, part_dependent_noise
        >>> clean = jnp.arange(10_000) % 10
        >>> images = jax.random.normal(jax.random.key(1), (10_000, 4, 4, 3))
        >>> noisy = part_dependent_noise(
        ...     jax.random.key(0), clean, images, num_classes=10, rate=0.4
        ... )
        >>> 0.38 < noise_rate(clean, noisy) < 0.42
        True
    """
    key = _checks.checked_key(key, concrete=True)
    num_classes = _checks.checked_num_classes(num_classes)
    mean_rate = float(_checks.checked_rate(rate))
    deviation = _checked_rate_std(rate_std)
    examples = _feature_draws.checked_examples(
        labels, features, num_classes=num_classes, example_ids=example_ids
    )
    who, to_which = _selection.separate_streams(key)
    who, rates_key = jax.random.split(who)
    own_rates = _own_flip_rates(
        rates_key, examples.ids, np.float32(mean_rate), np.float32(deviation)
    )
    # 24 bits are what float32 holds without rounding: a rate of exactly 1 flips everything,
    # and a rate of exactly 0 nothing.
    uniforms = (_selection.example_bits(who, examples.ids) >> 8).astype(jnp.float32) * 2.0**-24
    # To flip first and to draw the class afterwards is the same law as one draw from the
    # mixture, and only the flipped need their logits.
    flipped = uniforms < own_rates
    return _with_wrong_labels(to_which, labels, examples, flipped)


def _checked_rate_std(rate_std: object) -> float:
    if isinstance(rate_std, bool | np.bool_) or not isinstance(rate_std, numbers.Real):
        raise TypeError(
            f"rate_std must be a number of at least 0, got {type(rate_std).__name__}; pass a "
            "Python float, for example float(rate_std)"
        )
    deviation = float(rate_std)
    if not 0 <= deviation <= float(np.finfo(np.float32).max):
        raise ValueError(
            f"rate_std must be finite and at least 0, got {rate_std}; pass the standard "
            "deviation of the flip rates, 0.1 in the paper"
        )
    return deviation


def _with_wrong_labels(
    key: Array,
    labels: object,
    examples: _feature_draws.Examples,
    flipped: Array,
) -> Array:
    host_flipped = np.asarray(flipped)
    wrong = _feature_draws.draw_wrong_labels(key, examples, host_flipped)
    clean = examples.labels
    noisy = np.where(host_flipped, wrong.astype(clean.dtype), clean)
    return _selection.placed_like(labels, noisy)


@jax.jit
def _own_flip_rates(
    key: Array, example_ids: ArrayLike, rate: ArrayLike, rate_std: ArrayLike
) -> Array:
    rate, rate_std = jnp.asarray(rate), jnp.asarray(rate_std)
    # Standard deviation 0 gets bounds that do not bind, and then multiplies the draw by 0.
    spread = jnp.maximum(rate_std, 1e-6)
    deviates = jax.vmap(
        lambda example_id: jax.random.truncated_normal(
            jax.random.fold_in(key, example_id),
            -rate / spread,
            (1 - rate) / spread,
            (),
            jnp.float32,
        )
    )(example_ids)
    return rate + rate_std * deviates
