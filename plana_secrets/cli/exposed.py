"""Telling a person where git has a file that was in plaintext."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from plana_secrets.cli.output import Output

if TYPE_CHECKING:
    from plana_secrets.secretfiles.editing.exposure import Exposure

_FEW = 3


def tell_exposure(output: Output, exposure: Exposure, *, fix: str) -> None:
    """A warning for each place, or that there is none as far as can be known.

    ``fix``: the command that takes the plain file out of the index.
    """
    if exposure.in_index:
        output.warn(f"git's index has the unencrypted file; next: {fix}")
    if exposure.commits:
        commits = _few(exposure.commits)
        output.warn(f"git has the unencrypted file ({commits}): replace its values")
    for name, found in exposure.others.items():
        commits = _few(found)
        output.warn(f"git has the unencrypted file as {name} ({commits}): replace its values")
    if exposure.holders:
        names = _few(exposure.holders, whole=True)
        output.warn(f"git has values of it in other files, unencrypted: {names}")
    for name, found in exposure.former_holders.items():
        output.warn(f"git had values of it in {name}, unencrypted ({_few(found)})")
    if exposure.is_loose:
        output.warn(
            "an earlier `git add` left the unencrypted file in this clone, in no commit; "
            "`git gc --prune=now` removes it"
        )
    _tell_rest(output, exposure)


def _tell_rest(output: Output, exposure: Exposure) -> None:
    if exposure.unknown:
        rest = "has more" if exposure.is_found else "ever had the file unencrypted"
        output.warn(f"whether git {rest} cannot be known: this is {exposure.unknown}")
    elif not exposure.is_found:
        output.talk("git never had the file unencrypted")


def exposure_facts(exposure: Exposure) -> dict[str, Any]:
    """The same for ``--json``."""
    return {
        "plain_in_commits": list(exposure.commits),
        "plain_in_index": exposure.in_index,
        "plain_in_objects": exposure.is_loose,
        "plain_elsewhere": [
            {"file": name, "commits": list(commits)} for name, commits in exposure.others.items()
        ],
        "values_in": list(exposure.holders),
        "values_once_in": [
            {"file": name, "commits": list(commits)}
            for name, commits in exposure.former_holders.items()
        ],
        "history_incomplete": exposure.unknown,
    }


def _few(names: Sequence[str], *, whole: bool = False) -> str:
    shown = ", ".join(name if whole else name[:12] for name in names[:_FEW])
    return f"{shown} and {len(names) - _FEW} more" if len(names) > _FEW else shown
