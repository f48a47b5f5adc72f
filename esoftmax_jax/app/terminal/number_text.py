"""Numbers in texts that are read back."""


def number_text(number: float) -> str:
    """Return the shortest text that reads back as the same number, 4 for 4.0."""
    return str(int(number)) if number == int(number) else repr(float(number))
