"""What the name of a field says about the file. Pure.

We name a field by the path of its leaf, as ``format_path`` spells it. People name one as
they like: what is no path is a key as it is, and in a Secret it is one of its entries.
"""

from __future__ import annotations

from plana_secrets.document.kinds import ENTRIES, FileKind, kind_of_document
from plana_secrets.document.meant import meant_path
from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, format_path, parse_path
from plana_secrets.sops.model import Comment, Document


def steps_of(name: str) -> LeafPath:
    """The path that a name spells."""
    try:
        return parse_path(name)
    except UsageError:
        return (name,)


def place_of(name: str, document: Document) -> LeafPath:
    """Where a field of this name is in the file, or is to go."""
    kind = kind_of_document(document)
    path, items = steps_of(name), document.structure.items
    if kind is FileKind.SECRET_MANIFEST and path[0] not in ENTRIES:
        there = {item.path[0] for item in items if not isinstance(item, Comment)}
        return (next((one for one in ENTRIES if one in there), ENTRIES[0]), name)
    return meant_path(path, items, kind)


def is_spelled_as(name: str, path: LeafPath) -> bool:
    """Whether a field of this name can have been adopted at ``path``; see ``place_of``."""
    if steps_of(name) == path:
        return True
    if not all(isinstance(step, str) for step in path):
        return False
    return ".".join(map(str, path)) in {name, *(f"{entries}.{name}" for entries in ENTRIES)}


def is_adopted(name: str, spelled: str) -> bool:
    """The same for a path as it is spelled in an item."""
    return is_spelled_as(name, steps_of(spelled))


def typed(name: str) -> str:
    """The name as an argument; where it cannot be typed as it is, as a path that spells it."""
    if name.isprintable() and "`" not in name and name:
        return name
    spelled = format_path(steps_of(name))
    if spelled.isprintable() and "`" not in spelled:
        return spelled
    import json

    keys = [f"[{json.dumps(one)}]" for one in steps_of(name)]
    return "".join(keys).replace("`", "\\u0060")
