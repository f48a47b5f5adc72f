"""What a person sees and how a command ends."""
