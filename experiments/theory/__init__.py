"""What ``esoftmax_jax.theory`` says of the losses, and Theorem 1 met in practice."""
