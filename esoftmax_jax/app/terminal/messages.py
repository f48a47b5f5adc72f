"""The one exception by which a run tells its user that the input was wrong."""


class UsageError(ValueError):
    """An error of the user's input: shown as one line, exit code 2."""
