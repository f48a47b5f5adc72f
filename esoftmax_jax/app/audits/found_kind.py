"""Which kind of data a path is, found by looking."""

from pathlib import Path

from esoftmax_jax.app.data.names import DATASET_FORMS, ENDINGS, OWN_FILES, kind_of_path
from esoftmax_jax.app.terminal.messages import UsageError


def specification(data: str | Path, option: str = "DATA", forms: str = DATASET_FORMS) -> str:
    """Return what ``load_dataset`` takes for a path; other forms that it takes stay.

    Args:
        data: a path, or another form.
        option: that says it, for messages.
        forms: what else it may be, likewise.

    Raises:
        UsageError: it is a file of another kind.
    """
    text = str(data)
    if not text.strip() or "://" in text:
        raise UsageError(
            f"{option}: expected a path on this machine, got {text!r}; pass one, or {forms}"
        )
    kind, colon, _ = text.partition(":")
    path = Path(text).expanduser()
    if colon and kind in (*OWN_FILES, "tfds"):
        return text
    if found := kind_of_path(path):
        return f"{found}:{text}"
    if path.exists():
        raise UsageError(
            f"{option}: expected a folder of images, or a file {', '.join(ENDINGS)}, got "
            f"{text}; convert it, or pass {forms}"
        )
    if "/" in text or "\\" in text or isinstance(data, Path):
        raise UsageError(f"{option}: no file or folder {text!r}; correct the path")
    return text  # perhaps the name of a dataset: its loader tells what there is
