"""What a broken file becomes: value by value from what it still says, or from git. Pure.

Nothing is taken without a choice where the two differ: a value that opens may be an older
one, and one that is gone may have been removed on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from plana_secrets.document.astyped import PlainScalars, typed_as
from plana_secrets.document.edits import EMPTY_CONTENT, Content
from plana_secrets.document.merge import take_units, unit_of, units_of
from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Item, Leaf
from plana_secrets.sops.reading.salvage import Found, Salvage, State

Side = Literal["git", "keep"]

MISSING: Final = "missing"
_WORST: Final = (State.BROKEN, State.RENAMED, State.READABLE, State.OPENS)


@dataclass(frozen=True, slots=True)
class Part:
    """A value, or a whole list, that is to be chosen.

    ``state``: how it was found, a ``State`` or ``missing``. ``in_git``: whether git's version
    has it. ``former``: the path at which a renamed one was written.
    """

    path: LeafPath
    state: str
    in_git: bool
    former: LeafPath | None = None

    @property
    def can_be_kept(self) -> bool:
        return self.state != State.BROKEN


@dataclass(frozen=True, slots=True)
class Repair:
    """``content`` is None as long as something is ``undecided``.

    ``parts``: what differs from git; ``taken`` says which side each came from.
    ``lost_comments``: how many do not open, and are not in git either.
    ``is_parsed``: the file was read to its end; if not, what is behind is left out.
    """

    content: Content | None
    parts: tuple[Part, ...]
    taken: Mapping[LeafPath, Side]
    undecided: tuple[LeafPath, ...]
    lost_comments: int = 0
    is_parsed: bool = True

    @property
    def is_clear(self) -> bool:
        """Whether nothing is to be chosen, and nothing that a person wrote is left out."""
        return self.content is not None and not self.lost_comments and self.is_parsed

    @property
    def kept(self) -> tuple[LeafPath, ...]:
        return tuple(path for path, side in self.taken.items() if side == "keep")


def plan_repair(
    now: Salvage, then: Content | None, choices: Mapping[LeafPath, Side], rest: Side | None = None
) -> Repair:
    """``then``: the newest sound version in git, if there is one. ``rest``: for what has no choice.

    Raises:
        UsageError: a choice is for nothing that differs (kind ``nothing-to-choose``), or is to
            keep what does not open (kind ``cannot-be-kept``).
    """
    if now.is_whole:
        return Repair(_content(now.found), (), {}, ())
    parts = _parts(now, then)
    _check_choices(parts, choices)
    sides: dict[LeafPath, Side] = {}
    for part in parts:
        side = choices.get(part.path, rest)
        if side is not None:
            sides[part.path] = side
    undecided = tuple(part.path for part in parts if part.path not in sides)
    if undecided:
        return Repair(None, parts, sides, undecided, is_parsed=now.is_parsed)
    _check_kept(parts, sides)
    lost = _count_comments(now.found) - _count_comments(_with_comments(now.found, then))
    return Repair(_compose(now, then, sides), parts, sides, (), lost, now.is_parsed)


def with_types(now: Salvage, scalars: PlainScalars, *, yaml_types: bool = False) -> Salvage:
    """``now``, in which a number or a word that is readable has the type that it was typed as."""

    def typed(one: Found) -> Found:
        item = one.item
        if one.state is not State.READABLE or not isinstance(item, Leaf):
            return one
        if item.path not in scalars:
            return one
        kind, value = typed_as(scalars[item.path], yaml_types=yaml_types)
        return replace(one, item=replace(item, type=kind), value=value)

    return replace(now, found=tuple(map(typed, now.found)))


def _compose(now: Salvage, then: Content | None, sides: Mapping[LeafPath, Side]) -> Content:
    """The order and the comments are those of the file if it was read to its end."""
    here = _content([*_with_comments(now.found, then)])
    there = then or EMPTY_CONTENT
    if now.is_parsed:
        return take_units(here, there, [path for path, side in sides.items() if side == "git"])
    return take_units(there, here, [path for path, side in sides.items() if side == "keep"])


def _with_comments(found: Sequence[Found], then: Content | None) -> Iterator[Found]:
    """What opens; a comment that does not is one that git has in its place and the file lacks."""
    known = Counter(_remark(one.item, one.value) for one in found)
    spare: dict[LeafPath, list[Secret]] = {}
    for item, value in zip(then.items, then.values, strict=True) if then else ():
        if isinstance(item, Comment) and value is not None:
            known[_remark(item, value)] -= 1
            if known[_remark(item, value)] < 0:
                spare.setdefault(item.path, []).append(value)
    for one in found:
        if one.state is not State.BROKEN:
            yield one
        elif isinstance(one.item, Comment) and spare.get(one.item.path):
            yield replace(one, value=spare[one.item.path].pop(0))


def _count_comments(found: Iterable[Found]) -> int:
    return sum(isinstance(one.item, Comment) for one in found)


def _remark(item: Item, value: Secret | None) -> tuple[LeafPath, bytes] | None:
    if not isinstance(item, Comment) or value is None:
        return None
    return item.path, value.reveal().strip()


def _content(found: Sequence[Found]) -> Content:
    return Content(tuple(one.item for one in found), tuple(one.value for one in found))


def _parts(now: Salvage, then: Content | None) -> tuple[Part, ...]:
    """The units that are not as git has them, in the order of the file.

    Where the MAC proves the rest, what opens and what is gone is as sops wrote it.
    """
    here: dict[LeafPath, list[Found]] = {}
    for one in now.found:
        if not isinstance(one.item, Comment):
            here.setdefault(unit_of(one.item.path), []).append(one)
    facts = units_of(_content(now.found))
    there = units_of(then) if then else {}
    moved = {unit_of(one.former) for one in now.found if one.former}
    parts = []
    for path in dict.fromkeys([*here, *there]):
        state = _state(here.get(path, ()))
        if state == State.OPENS and (now.rest_holds or facts[path] == there.get(path)):
            continue
        if state == MISSING and now.rest_holds and path not in moved:
            continue
        former = next((one.former for one in here.get(path, ()) if one.former), None)
        parts.append(Part(path, state, path in there, former))
    return tuple(parts)


def _state(found: Sequence[Found]) -> str:
    if not found:
        return MISSING
    paths = Counter(one.item.path for one in found)
    if max(paths.values()) > 1:
        return State.BROKEN  # one key twice: nothing says which is meant
    states = {one.state for one in found}
    return next(state for state in _WORST if state in states)


def _check_choices(parts: Sequence[Part], choices: Mapping[LeafPath, Side]) -> None:
    known = {part.path for part in parts}
    for path in choices:
        if path not in known:
            raise UsageError(
                f"{format_path(path)} is the same here and in git, or in neither",
                kind="nothing-to-choose",
                path=format_path(path),
            )


def _check_kept(parts: Sequence[Part], sides: Mapping[LeafPath, Side]) -> None:
    for part in parts:
        if sides[part.path] == "keep" and not part.can_be_kept:
            raise UsageError(
                f"{format_path(part.path)} does not open and cannot be kept",
                kind="cannot-be-kept",
                path=format_path(part.path),
            )


ADVICE: Final = {
    "cannot-be-kept": "take it from git with --from-git {path}, or set it again afterwards",
    "nothing-to-choose": "run it without options to see what there is to choose",
}
