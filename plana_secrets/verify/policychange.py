"""What differs between two policies, and what of it demands less than before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.roots import folders_of, in_roots
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.verify.policy import Accept, Policy

Change = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """``setting`` as in the settings, with what a list or table has under it in ``item``.

    ``weaker``: less is demanded, or more is allowed, than before.
    """

    setting: str
    item: str | None
    change: Change
    before: str | None
    after: str | None
    weaker: bool


@dataclass(frozen=True, slots=True)
class Demanded:
    """The tables that say what has to be encrypted, and how. ``branch``, ``remote``: which one is
    deployed. ``keysets``: the names of those that are configured."""

    policy: Policy
    files: FilesSettings
    branch: str | None = None
    remote: str | None = None
    keysets: tuple[str, ...] = ()


Defaults = Callable[[], Mapping[str, str | None]]
"""What is deployed where the settings do not say it, by the setting; asked if they differ."""


def compare_policies(
    old: Demanded, new: Demanded, *, defaults: Defaults = dict
) -> tuple[SettingDifference, ...]:
    """Every setting that ``verify`` judges by, in the order of the settings.

    ``defaults``: see ``deployed_by_default``.
    """
    before, after = dict(_entries(old)), dict(_entries(new))
    found = [
        _unless_covered(_difference(key, before.get(key), after.get(key)), new.files.roots)
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]
    if any(one.setting in {_BRANCH, _REMOTE} for one in found):
        for setting, default in defaults().items():
            if (before.get((setting, None)) or default) == (after.get((setting, None)) or default):
                found = [one for one in found if one.setting != setting]
    if _is_reordered(old.files.plain, new.files.plain):
        found.append(SettingDifference("files.plain", None, "changed", "order", "order", True))
    return tuple(found)


def deployed_by_default(repository: Repository) -> dict[str, str | None]:
    """The branch and the remote that are deployed where no settings name them, by their setting.

    What the settings of the checkout say does not count. A bare repository, such as that of a
    server, has no remote: there ``origin`` is what its clones call it.
    """
    unnamed = replace(repository, deployed_remote=None)
    return {_BRANCH: unnamed.default_branch(), _REMOTE: unnamed.remote() or "origin"}


_Key = tuple[str, str | None]
_BRANCH: Final = "git.branch"
_REMOTE: Final = "git.remote"


def _entries(side: Demanded) -> Iterator[tuple[_Key, str]]:
    policy = side.policy
    for name, items in (
        ("files.roots", side.files.roots),
        ("files.plain", side.files.plain),
        ("policy.required", policy.required),
        ("policy.selectors", policy.selectors),
    ):
        yield from (((name, item), "") for item in items)
    yield ("files.keysets", None), side.files.keysets
    if side.branch is not None:
        yield (_BRANCH, None), side.branch
    if side.remote is not None:
        yield (_REMOTE, None), side.remote
    if policy.allowed_signers is not None:
        yield ("git.allowed_signers", None), policy.allowed_signers
    yield ("policy.min_recipients", None), str(policy.min_recipients)
    yield ("policy.named", None), str(policy.named).lower()
    yield ("policy.post_quantum", None), str(policy.post_quantum).lower()
    for name, one in policy.recipients.items():
        yield ("recipients", name), f"{one.kind} {one.key}"
    yield from (
        (("verify.accept", item), str(until)) for item, until in _ends(policy.accepts).items()
    )


def _ends(accepts: Sequence[Accept]) -> dict[str, date]:
    """Until when each exception holds; of two for the same finding the later end counts."""
    found: dict[str, date] = {}
    for one in accepts:
        path = f"#{one.path}" if one.path is not None else ""
        item = f"{one.check} in {one.file}{path}"
        found[item] = max(one.until, found.get(item, one.until))
    return found


def _difference(key: _Key, before: str | None, after: str | None) -> SettingDifference:
    setting, item = key
    change: Change = "added" if before is None else "removed" if after is None else "changed"
    weaker = _WEAKENS[setting](item or "", before, after)
    return SettingDifference(setting, item, change, before or None, after or None, weaker)


def _unless_covered(one: SettingDifference, roots: Sequence[str]) -> SettingDifference:
    """A root that goes is no loss where another one has all that is in it."""
    if one.setting != "files.roots" or not one.weaker or one.item is None:
        return one
    (folder,) = folders_of([one.item])
    return replace(one, weaker=not in_roots(tuple(roots))(folder))


_Judge = Callable[[str, str | None, str | None], bool]


def _is_removed(_item: str, _before: str | None, after: str | None) -> bool:
    return after is None


def _is_not_new(_item: str, before: str | None, _after: str | None) -> bool:
    return before is not None


def _is_added(_item: str, before: str | None, _after: str | None) -> bool:
    return before is None


def _is_lower(_item: str, before: str | None, after: str | None) -> bool:
    return int(after or 0) < int(before or 0)


def _lets_more_be_readable(item: str, before: str | None, _after: str | None) -> bool:
    """A glob with ``!`` takes files out again."""
    return (before is None) is not item.startswith("!")


def _is_off(_item: str, _before: str | None, after: str | None) -> bool:
    return after == "false"


def _is_other_person(_item: str, before: str | None, after: str | None) -> bool:
    """A name that means another key, or a key that may now be public."""
    if before is not None and after is not None and _key_of(before) != _key_of(after):
        return True
    return (after or "").startswith("demo ") and not (before or "").startswith("demo ")


def _key_of(recipient: str) -> str:
    return recipient.partition(" ")[2]


def _is_longer(_item: str, before: str | None, after: str | None) -> bool:
    """A date in ISO form compares as text."""
    return after is not None and (before is None or after > before)


_WEAKENS: Final[Mapping[str, _Judge]] = {
    "files.roots": _is_removed,
    "files.plain": _lets_more_be_readable,
    "files.keysets": lambda *_: False,
    _BRANCH: lambda *_: True,
    _REMOTE: lambda *_: True,
    "git.allowed_signers": _is_not_new,
    "policy.required": _is_removed,
    "policy.selectors": _is_added,
    "policy.min_recipients": _is_lower,
    "policy.named": _is_off,
    "policy.post_quantum": _is_off,
    "recipients": _is_other_person,
    "verify.accept": _is_longer,
}


def _is_reordered(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """The last glob that matches wins, so the order of the same globs counts."""
    common = set(old) & set(new)
    return [one for one in old if one in common] != [one for one in new if one in common]
