"""Which columns of a table are features, where somebody says so."""

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from esoftmax_jax.app.data.columns.kind_names import KINDS, NUMBER
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean
from esoftmax_jax.spreadsheets import named

Names = str | Sequence[str] | None
"""Names of columns, in one text with commas between them or one by one."""
DeclaredKinds = str | Mapping[str, str] | None
"""Kinds of columns by name, or in one text: ``zip:category,born:date``."""


@dataclasses.dataclass(frozen=True)
class ColumnChoice:
    """What is said of columns; see ``--columns``, ``--ignore`` and ``--kinds``.

    Attributes:
        columns: the only ones that are features; None: all.
        ignore: that are passed over.
        kinds: names and kinds, of those whose cells are not to be looked at for it.
    """

    columns: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls, columns: Names = None, ignore: Names = None, kinds: DeclaredKinds = None
    ) -> "ColumnChoice":
        """Read the options.

        Raises:
            UsageError: a name is no text, or in two that do not go together; a kind is none.
        """
        chosen = None if columns is None else _names("--columns", columns)
        ignored = () if ignore is None else _names("--ignore", ignore)
        if both := [name for name in ignored if name in (chosen or ())]:
            raise UsageError(
                f"--ignore: expected other columns than --columns has, got {both[0]!r} in "
                "both; leave it out of one"
            )
        declared = () if kinds is None else _kinds(kinds)
        for name, _ in declared:
            if name in ignored or (chosen is not None and name not in chosen):
                other = "--ignore passes" if name in ignored else "--columns leaves"
                raise UsageError(
                    f"--kinds: expected columns that are features, got {name!r}, which {other} "
                    "over; leave it out of one"
                )
        return cls(chosen, ignored, declared)

    @property
    def is_made(self) -> bool:
        """Whether anything is said."""
        return self.columns is not None or bool(self.ignore or self.kinds)

    @property
    def option(self) -> str:
        """The option that says something, for messages."""
        if self.columns is not None:
            return "--columns"
        return "--ignore" if self.ignore else "--kinds"

    @property
    def insisted(self) -> tuple[str, ...]:
        """The columns that are named as features: none of them is an identifier."""
        return (*(self.columns or ()), *(name for name, _ in self.kinds))

    @property
    def of_numbers(self) -> bool:
        """Whether nothing else than numbers is asked for."""
        return all(kind == NUMBER for _, kind in self.kinds)

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
        declared = tuple(name for name, _ in self.kinds)
        said = {"--columns": self.columns or (), "--ignore": self.ignore, "--kinds": declared}
        for option, given in said.items():
            for name in given:
                if name not in there:
                    column, _, kind = name.rpartition(":")
                    declared_there = column in there and kind in KINDS
                    hint = f"; {name!r} is what --kinds takes" if declared_there else ""
                    raise UsageError(
                        f"{option}: expected columns of {where}, got {name!r}; it has "
                        f"{named(list(names))}{hint or did_you_mean(name, names)}"
                    )
                if name in meant and (option != "--ignore" or name == "label"):
                    raise UsageError(
                        f"{option}: expected columns of features, got {name!r}, which has a "
                        "meaning of its own; leave it out"
                    )
        wanted = (there if self.columns is None else {*self.columns}) - {*self.ignore} - meant
        return [name for name in names if name in wanted]


def _kinds(given: Any) -> tuple[tuple[str, str], ...]:
    """Return names and kinds, of a text or of a mapping."""
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        listed = _names("--kinds", given)
        pairs = [(name, kind) for name, _, kind in (one.rpartition(":") for one in listed)]
    for name, kind in pairs:
        if not isinstance(name, str):
            raise _not_text("--kinds", name)
        if not name or kind not in KINDS:
            got = f"{name}:{kind}" if name else kind
            raise UsageError(
                f"--kinds: expected NAME:KIND, several separated by commas, with KIND one of "
                f"{', '.join(KINDS)}, got {got!r}{did_you_mean(str(kind), KINDS)}"
            )
    if len(dict(pairs)) < len(pairs):
        raise UsageError(f"--kinds: expected each column once, got {given!r}")
    return tuple(pairs)


def _names(option: str, given: Any) -> tuple[str, ...]:
    """Return names; in a text one with a comma in it stands in quotation marks."""
    try:
        listed = (
            next(csv.reader([given], skipinitialspace=True, strict=True), [])
            if isinstance(given, str)
            else list(given)
        )
    except (csv.Error, TypeError):
        listed = []
    for one in listed:
        if not isinstance(one, str):
            raise _not_text(option, one)
    found = [one.strip() for one in listed]
    if not found or not all(found) or len(set(found)) < len(found):
        raise UsageError(
            f"{option}: expected names of columns separated by commas, each once, got {given!r}"
        )
    return tuple(found)


def _not_text(option: str, name: Any) -> UsageError:
    return UsageError(
        f"{option}: expected names of columns as text, got {name!r}; a column that is called "
        f"by a number is {str(name)!r}"
    )


def with_commas(names: Sequence[str]) -> str:
    """Return names in one text that the options read, those with a comma in quotation marks."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


EVERY_COLUMN = ColumnChoice()
"""Where nothing is said."""
