"""Which class is mistaken for which: the maps of class-dependent noise."""

import numbers
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import jax
import numpy as np

from esoftmax_jax.noise._checks import checked_num_classes, host_integers
from esoftmax_jax.spelling import did_you_mean

# The super-class of each of CIFAR-100's classes, in the order of the fine labels.
_CIFAR100_SUPER_CLASS = (
    *(4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11),
    *(6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5),
    *(5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17),
    *(10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13),
    *(16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13),
)


def _targets(num_classes: int, changes: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(changes.get(source, source) for source in range(num_classes))


def _next_within_groups(groups: Sequence[int]) -> tuple[int, ...]:
    changes: dict[int, int] = {}
    for group in set(groups):
        members = [label for label, its_group in enumerate(groups) if its_group == group]
        changes.update(pairwise([*members, members[0]]))
    return _targets(len(groups), changes)


CLASS_MAPS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        # truck → automobile, bird → airplane, cat ↔ dog, deer → horse
        "cifar10": _targets(10, {9: 1, 2: 0, 3: 5, 5: 3, 4: 7}),
        "cifar100": _next_within_groups(_CIFAR100_SUPER_CLASS),
        # Fine labels are numbered by the alphabet: these groups are no super-classes.
        "cifar100_blocks": _next_within_groups([label // 5 for label in range(100)]),
        "mnist": _targets(10, {7: 1, 2: 7, 5: 6, 6: 5, 3: 8}),
    }
)
"""The named class maps: ``CLASS_MAPS[name][source]`` is the class that source turns into."""


def named_class_map(name: str) -> tuple[int, ...]:
    """Returns the target of every class in one of the maps that papers use.

    A class that is mapped to itself keeps its labels.

    - ``"cifar10"``: truck → automobile, bird → airplane, cat ↔ dog, deer → horse.
    - ``"cifar100"``: within each of the 20 super-classes to the next class, by fine label,
      and from the last to the first.
    - ``"cifar100_blocks"``: within each five consecutive fine labels to the next, and from
      the last to the first, which is what the published code of several papers does where
      their text says super-classes (Wang et al. 2024 among them).
    - ``"mnist"``: 7 → 1, 2 → 7, 5 ↔ 6, 3 → 8.

    Source: Patrini et al., "Making Deep Neural Networks Robust to Label Noise: A Loss
    Correction Approach", CVPR 2017; used by Wang et al., "ε-Softmax", NeurIPS 2024, section
    on experiments.

    Args:
        name: A key of ``CLASS_MAPS``.

    Returns:
        A tuple of K ints; entry y is the class that a label y is changed to.

    Raises:
        TypeError: If the name is not a string.
        ValueError: If there is no map of that name.

    Example:
        >>> from esoftmax_jax.noise import named_class_map
        >>> named_class_map("mnist")
        (0, 1, 7, 8, 4, 6, 5, 1, 8, 9)
    """
    if not isinstance(name, str):
        raise TypeError(
            f"the name of a class map must be a str, got {type(name).__name__}; pass one of "
            f"{', '.join(map(repr, CLASS_MAPS))}"
        )
    if name not in CLASS_MAPS:
        raise ValueError(
            f"class map must be one of {', '.join(map(repr, CLASS_MAPS))}, got "
            f"{name!r}{did_you_mean(name, CLASS_MAPS)}; pass one of these names, or a mapping "
            "{source: target}"
        )
    return CLASS_MAPS[name]


def pairwise_class_map(num_classes: int) -> tuple[int, ...]:
    """Returns the map of pair noise, y → y + 1 mod K.

    Source: the pair flipping of Han et al., "Co-teaching", NeurIPS 2018; a special case of
    the class-dependent noise of Patrini et al., CVPR 2017.

    Args:
        num_classes: K, at least 2.

    Returns:
        A tuple of K ints; entry y is (y + 1) mod K.

    Raises:
        TypeError: If ``num_classes`` is not an int.
        ValueError: If ``num_classes`` is below 2.

    Example:
        >>> from esoftmax_jax.noise import pairwise_class_map
        >>> pairwise_class_map(4)
        (1, 2, 3, 0)
    """
    num_classes = checked_num_classes(num_classes)
    return tuple((source + 1) % num_classes for source in range(num_classes))


def resolve_class_map(class_map: object, num_classes: int | None) -> tuple[int, ...]:
    """Returns the target of every class, whichever way the map was given."""
    if num_classes is not None:
        num_classes = checked_num_classes(num_classes)
    if isinstance(class_map, Mapping):
        if num_classes is None:
            raise TypeError(
                "num_classes must be given with a class_map {source: target}, got None; a "
                "mapping does not tell how many classes there are, pass num_classes=K"
            )
        changes = {_class_number(k): _class_number(v) for k, v in class_map.items()}
        _check_classes([*changes, *changes.values()], num_classes)
        return _targets(num_classes, changes)
    if isinstance(class_map, str):
        targets = named_class_map(class_map)
    elif isinstance(class_map, Sequence | np.ndarray | jax.Array):
        targets = tuple(host_integers(class_map, name="class_map").tolist())
        checked_num_classes(len(targets))
        _check_classes(targets, len(targets))
    else:
        raise TypeError(
            "class_map must be a mapping {source: target}, K targets or a name, got "
            f"{type(class_map).__name__}; pass one of "
            f"{', '.join(map(repr, CLASS_MAPS))}, or a dict"
        )
    if num_classes is not None and num_classes != len(targets):
        raise ValueError(
            f"num_classes must be {len(targets)}, the length of the class_map, got "
            f"{num_classes}; leave num_classes out, or correct the map"
        )
    return targets


def _class_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(
            f"class_map must map ints to ints, got {value!r} ({type(value).__name__}); pass "
            "class numbers, not class names"
        )
    return int(value)


def _check_classes(classes: Sequence[int], num_classes: int) -> None:
    outside = [label for label in classes if not 0 <= label < num_classes]
    if outside:
        raise ValueError(
            f"class_map must name classes in [0, {num_classes}), got {outside[0]}; correct "
            "the map or num_classes"
        )
