"""What staff read in an item besides its values: the title and the note.

The note says where to change the secret, and names the commit. It is refreshed when the
content of its file changes and not before: a commit elsewhere leaves an item alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

_SUFFIXES: Final = (".yaml", ".yml", ".secret", ".sops", ".enc")
_COMMIT_LENGTH: Final = 12


def titles_of(files: Iterable[str], roots: Sequence[str]) -> Mapping[str, str]:
    """A title for each file, as a person would look for it: ``pulse-data (prod)``.

    Two files that would get the same title are called by their whole paths instead.
    """
    titles = {file: _title_of(file, roots) for file in files}
    uses = Counter(titles.values())
    return {file: title if uses[title] == 1 else file for file, title in titles.items()}


def _title_of(file: str, roots: Sequence[str]) -> str:
    inside = max((root for root in roots if file.startswith(f"{root}/")), key=len, default="")
    folder, _, name = file[len(inside) :].lstrip("/").rpartition("/")
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix) or name
    return f"{name} ({folder})" if folder else name


def note_of(file: str, commit: str | None) -> str:
    """The note of an item; without a commit it was copied from the working tree."""
    at = f" at {commit[:_COMMIT_LENGTH]}" if commit else ""
    return f"read-only copy of {file}{at}; change it with plana-secrets edit {file}"
