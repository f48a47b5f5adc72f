"""Changes of images during training, on the device."""
