"""An option of the command line, which is an argument from Python too."""

import dataclasses
from typing import Any

from esoftmax_jax.app.jobs.option_kinds import ANY, Check, Kind


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """An option of some verbs, and the argument of their functions.

    Attributes:
        name: with ``_`` for ``-``, on the command line.
        kind: which values it has.
        help: for the command line.
        verbs: that have it.
        default: where it is left out.
        metavar: what stands for its value in the help, if not the name.
        shared: whether it says what is trained on or how, for every run alike: a function has
            it among ``**options``, and ``compare`` repeats it in the command for ``train``.
        field: whether configurations have a field of its name.
        repeated: whether it may be given several times; any other is refused the second time.
        needed: whether it cannot be left out.
        positional: whether its value stands alone, without a name; it is needed then.
        argument: its name in Python, if that is another.
        also: the check in Python, where more is allowed than texts can say.
    """

    name: str
    kind: Kind = ANY
    help: str
    verbs: tuple[str, ...]
    default: Any = None
    metavar: str | None = None
    shared: bool = False
    field: bool = False
    repeated: bool = False
    needed: bool = False
    positional: bool = False
    argument: str = ""
    also: Check | None = None

    @property
    def flag(self) -> str:
        """The option as it is written."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def in_python(self) -> str:
        """The name of the argument."""
        return self.argument or self.name

    @property
    def listed(self) -> bool:
        """Whether its value may be several names, as its help says."""
        return "separated by commas" in self.help

    @property
    def wrong(self) -> Check:
        """The check of the argument."""
        return self.also or self.kind.wrong
