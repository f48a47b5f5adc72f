"""Numbers in texts."""


def number_text(number: float) -> str:
    """Return the shortest text that reads back as the same number, 4 for 4.0."""
    return str(int(number)) if number == int(number) else repr(float(number))


def counted(number: int, noun: str) -> str:
    """Return how many there are of something, ``"1 epoch"`` or ``"2 epochs"``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
