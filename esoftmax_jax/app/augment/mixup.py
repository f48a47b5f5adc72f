"""Mixup: each example of a batch is blended with another one, and so is its loss."""

from collections.abc import Callable

import flax.struct
import jax
import jax.numpy as jnp


class MixedLabels(flax.struct.PyTreeNode):
    """The labels of blended examples.

    Attributes:
        labels: (N,), those of the examples.
        partner_labels: (N,), those of their partners.
        weight: (N,) float32, the share λ of ``labels``.
    """

    labels: jax.Array
    partner_labels: jax.Array
    weight: jax.Array

    def blend(self, loss: Callable[[jax.Array], jax.Array]) -> jax.Array:
        """λ ℓ(y) + (1 − λ) ℓ(y′), for a loss that maps labels (N,) to values (N,)."""
        first, second = loss(self.labels), loss(self.partner_labels)
        weight = self.weight.astype(first.dtype)
        return weight * first + (1 - weight) * second


def mixup(
    key: jax.Array,
    images: jax.Array,
    labels: jax.Array,
    alpha: float,
    *,
    keep_order: bool = False,
) -> tuple[jax.Array, MixedLabels]:
    """Blends each example with a partner: x̃ = λ x + (1 − λ) x′, λ ~ Beta(α, α).

    Zhang et al., "mixup: Beyond empirical risk minimization" (2018), with a λ for each
    example. The partners are a permutation of the batch, where an example may be its own
    partner. Unlike the other augmentations this one depends on the whole batch, so it takes
    one key and not one for each example.

    The draw of λ rejects and repeats, yet all λ of a batch cost about as much as a shift of
    its images; nothing needs to be drawn ahead of an epoch.

    Args:
        key: one key.
        images: (N, ...), uint8 or floating; normalising before or after gives the same.
        labels: (N,), of any dtype.
        alpha: the α of the distribution, above 0: near 0 hardly anything is blended, at 1
            every share is equally likely.
        keep_order: take max(λ, 1 − λ), so that each example stays the larger part of its
            blend; Berthelot et al., "MixMatch" (2019).

    Returns:
        The blended images (N, ...), of the dtype of ``images`` or, for integers, float32;
        and their labels.
    """
    if not alpha > 0:
        raise ValueError(f"mixup: expected alpha > 0, got {alpha}; leave mixup out for none")
    if key.shape != ():
        raise ValueError(
            f"mixup: expected one key, got keys of shape {key.shape}; partners belong to the "
            f"batch, not to an example"
        )
    count, labels = images.shape[0], jnp.asarray(labels)
    partner_key, weight_key = jax.random.split(key)
    partner = jax.random.permutation(partner_key, count)
    keys = jax.random.split(weight_key, count)
    weight = jax.vmap(lambda one: jax.random.beta(one, alpha, alpha, (), jnp.float32))(keys)
    if keep_order:
        weight = jnp.maximum(weight, 1 - weight)
    dtype = images.dtype if jnp.issubdtype(images.dtype, jnp.floating) else jnp.float32
    share = weight.reshape(count, *[1] * (images.ndim - 1))
    wide = jnp.asarray(images, jnp.float32)
    blended = share * wide + (1 - share) * wide[partner]
    return blended.astype(dtype), MixedLabels(labels, labels[partner], weight)
