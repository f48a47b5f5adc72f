"""The last layer fused with the loss."""
