"""Which files of a folder are images, and what the others are."""

import dataclasses
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from esoftmax_jax.app.data.readers.image_decoding import IMAGE_SUFFIXES, image_content

# What lies beside images and is none; nobody misses it.
_BESIDE = frozenset(
    {
        ".aae",
        ".cfg",
        ".csv",
        ".db",
        ".htm",
        ".html",
        ".ini",
        ".ipynb",
        ".json",
        ".jsonl",
        ".log",
    }
    | {".md", ".py", ".toml", ".tsv", ".txt", ".xml", ".xmp", ".yaml", ".yml"}
)
# Folders that systems make for themselves.
_FOLDERS = frozenset(
    {"__MACOSX", "__pycache__", "@eaDir", "$RECYCLE.BIN", "System Volume Information"}
)
_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Found:
    """The files of one folder.

    Attributes:
        images: in the order of their names.
        passed: how many others there are, by kind.
    """

    images: list[Path]
    passed: Counter[str]

    @property
    def lost(self) -> bool:
        """Whether most files are passed over."""
        return self.passed.total() > len(self.images)


def find_images(folder: Path) -> Found:
    """Find the images in a folder: by their endings, without one by their content.

    Hidden files, and text, tables and the like beside images, are passed over uncounted.

    Raises:
        OSError: the folder cannot be read.
    """
    images, passed = [], Counter[str]()
    for path in sorted(folder.iterdir()):
        kind = _kind(path)
        if kind is None:
            images.append(path)
        elif kind:
            passed[kind] += 1
    return Found(images, passed)


def _kind(path: Path) -> str | None:
    """Return None for an image, an empty text for what is not counted, else what it is."""
    # With a letter in it: frame.0001 has none.
    found = re.search(r"\.(?=\d*[a-z])[a-z0-9]{1,9}$", path.name.lower())
    ending = found[0] if found else ""
    if ending in _BESIDE or path.name.startswith("."):
        return ""
    try:
        mode = path.stat().st_mode
    except OSError:
        return "link to nothing" if path.is_symlink() else "unreadable"
    if stat.S_ISDIR(mode):
        return ""
    if not stat.S_ISREG(mode):
        return "pipe, socket or device"
    if ending in IMAGE_SUFFIXES or (not ending and image_content(path)):
        return None
    return ending or "without an ending"


def folders_in(parent: Path) -> list[str]:
    """Return the names of the folders in another, without hidden ones, sorted."""
    return sorted(path.name for path in parent.iterdir() if path.is_dir() and wanted(path.name))


def holds_other_files_only(folder: Path) -> bool:
    """Tell whether a folder holds what lies beside images, such as annotations, but none."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]
    return bool(files) and all(path.suffix.lower() in _BESIDE for path in files)


def wanted(name: str) -> bool:
    """Tell whether a folder may hold images of the user's: not hidden, not of the system."""
    return name[0] != "." and name not in _FOLDERS


def folders_below(root: Path, passed: Counter[str], seen: set[str]) -> Iterator[Path]:
    """Yield a folder and all below it.

    Links are followed, but not to a folder above, and no folder is visited twice.

    Args:
        root: the folder.
        passed: counts the links that are not followed.
        seen: real paths of folders; gets those that are yielded.

    Raises:
        OSError: a folder cannot be read.
    """
    seen |= set(map(str, Path(os.path.realpath(root)).parents))
    for folder, folders, _ in os.walk(root, followlinks=True, onerror=_fail):
        place = os.path.realpath(folder)
        if place in seen:
            folders.clear()
            passed["link to a folder above or one that is read already"] += 1
            continue
        seen.add(place)
        folders[:] = sorted(name for name in folders if wanted(name))
        yield Path(folder)


def _fail(error: OSError) -> NoReturn:
    raise error


def described(passed: Mapping[str, int]) -> str:
    """Return "30 × .heic, 1 × link to nothing", the most frequent kinds first."""
    kinds = sorted(passed.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(count for _, count in kinds[_SHOWN:])
    shown = [*kinds[:_SHOWN], ("other", rest)] if rest else kinds
    return ", ".join(f"{count} × {kind}" for kind, count in shown)


def passed_note(passed: Counter[str]) -> list[str]:
    """Return a note on files that were passed over, if there are any."""
    return [f"files passed over: {described(passed)}"] if passed else []
