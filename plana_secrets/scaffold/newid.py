"""A new id for a repository that began as a copy of another one. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.scaffold.tomledit import add_at_the_top, add_to_list, toml_text

_ID: Final = re.compile(r"(?m)^[ \t]*repository[ \t]*=[^\n]*$")
_HEADER: Final = re.compile(r"(?m)^[ \t]*\[")


def ids_of(contents: Iterable[bytes]) -> tuple[str, ...]:
    """Every id that these versions of the settings name; what is no TOML names none."""
    found: dict[str, None] = {}
    for content in contents:
        try:
            named = tomllib.loads(content.decode("utf-8")).get("repository")
        except (ValueError, RecursionError):
            continue
        if isinstance(named, str):
            found[named] = None
    return tuple(found)


def place_new_id(content: str, new: str, former: Sequence[str]) -> str:
    """The settings with the id ``new``; the items of ``former`` ids are foreign from now on.

    Raises:
        FailedError: the settings are written in a way that is not ours to edit (kind
            ``new-id-by-hand``).
    """
    text = _with_id(content, f"repository = {toml_text(new)}")
    held = tomllib.loads(content)
    known = held.get("mirror", {}).get("forked_from", [])
    added = [one for one in former if one not in known]
    edited = add_to_list(text, "mirror", "forked_from", added) if added else text
    held["repository"] = new
    if added:
        held.setdefault("mirror", {})["forked_from"] = [*known, *added]
    if edited is None or tomllib.loads(edited) != held:
        raise FailedError(
            "plana-secrets.toml is written in a way that this command cannot change",
            kind="new-id-by-hand",
        )
    return edited


def _with_id(content: str, line: str) -> str:
    header = _HEADER.search(content)
    found = _ID.search(content, 0, header.start() if header else len(content))
    if found is None:
        return add_at_the_top(content, line)
    return content[: found.start()] + line + content[found.end() :]


ADVICE: Final = {
    "new-id-by-hand": "write another `repository` there, and the old one to mirror.forked_from",
}
