"""Which columns of a table are features, where somebody says so."""

import csv
import dataclasses
import io
from collections.abc import Iterable, Sequence

from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean
from esoftmax_jax.spreadsheets import named

Names = str | Sequence[str] | None
"""Names of columns, in one text with commas between them or one by one."""


@dataclasses.dataclass(frozen=True)
class ColumnChoice:
    """What is said of columns; see ``--columns`` and ``--ignore``.

    Attributes:
        columns: the only ones that are features; None: all.
        ignore: that are passed over.
    """

    columns: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()

    @classmethod
    def of(cls, columns: Names = None, ignore: Names = None) -> "ColumnChoice":
        """Read the two options.

        Raises:
            UsageError: a name is no text, or in both.
        """
        chosen = None if columns is None else _names("--columns", columns)
        ignored = () if ignore is None else _names("--ignore", ignore)
        if both := [name for name in ignored if name in (chosen or ())]:
            raise UsageError(
                f"--ignore: expected other columns than --columns has, got {both[0]!r} in "
                "both; leave it out of one"
            )
        return cls(chosen, ignored)

    @property
    def is_made(self) -> bool:
        """Whether anything is said."""
        return self.columns is not None or bool(self.ignore)

    @property
    def option(self) -> str:
        """The option that says something, for messages."""
        return "--ignore" if self.columns is None else "--columns"

    def features(
        self, names: Sequence[str], with_meaning: Iterable[str], where: str
    ) -> list[str]:
        """Return the names that are features, of all names of a table.

        Args:
            names: of the columns, also of those that are passed over by themselves.
            with_meaning: names of columns that are no features.
            where: names the table.

        Raises:
            UsageError: a name is none of the table's, or has another meaning.
        """
        there, meant = set(names), set(with_meaning)
        for option, given in (("--columns", self.columns or ()), ("--ignore", self.ignore)):
            for name in given:
                if name not in there:
                    raise UsageError(
                        f"{option}: expected columns of {where}, got {name!r}; it has "
                        f"{named(list(names))}{did_you_mean(name, names)}"
                    )
                if name in meant and (option == "--columns" or name == "label"):
                    raise UsageError(
                        f"{option}: expected columns of features, got {name!r}, which has a "
                        "meaning of its own; leave it out"
                    )
        wanted = (there if self.columns is None else {*self.columns}) - {*self.ignore} - meant
        return [name for name in names if name in wanted]


def _names(option: str, given: str | Sequence[str]) -> tuple[str, ...]:
    """Return names; in a text one with a comma in it stands in quotation marks."""
    try:
        listed = (
            next(csv.reader([given], skipinitialspace=True, strict=True), [])
            if isinstance(given, str)
            else list(given)
        )
    except (csv.Error, TypeError):
        listed = []
    found = [one.strip() if isinstance(one, str) else "" for one in listed]
    if not found or not all(found) or len(set(found)) < len(found):
        raise UsageError(
            f"{option}: expected names of columns separated by commas, each once, got {given!r}"
        )
    return tuple(found)


def with_commas(names: Sequence[str]) -> str:
    """Return names in one text that the options read, those with a comma in quotation marks."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


EVERY_COLUMN = ColumnChoice()
"""Where nothing is said."""
