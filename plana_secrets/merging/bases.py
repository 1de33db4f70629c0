"""What two sides are compared with: a version, the merge of several, or one that is not known.

Branches that were merged into each other have several merge bases. git merges those first, and
calls us for that as well. Nothing is decrypted then: the versions are put into one bundle, and
the merge that uses it opens them. It is what git stores as the base, so it is ciphertext alone.

In a base a value that is not known is one that no side has: where they differ, both changed it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from plana_secrets.document.edits import EMPTY_CONTENT, Content, content_from
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.document.merge import units_of
from plana_secrets.git.repository import Repository
from plana_secrets.merging.bypath import Choice, merge_by_path
from plana_secrets.merging.keysets import merge_keysets
from plana_secrets.merging.plan import merge_names
from plana_secrets.merging.sides import Side
from plana_secrets.merging.versions import Versions
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import (
    Comment,
    Document,
    Leaf,
    LeafType,
    RecipientStanza,
    Structure,
)

_TAG: Final = "merge-bases/1"
_MARK: Final = f'{{"plana-secrets": "{_TAG}"'.encode()
_NONE: Final = b"no one version is the base\n"
"""In the place of a base that cannot be known; it is no secret file."""

Read = Callable[[str | None], bytes | None]
Opened = Callable[[bytes], Side]


def bundle(versions: Versions) -> bytes:
    """The three as one content that ``open_base`` opens."""
    return json.dumps({"plana-secrets": _TAG, **versions.to_texts()}).encode("ascii")


def is_bundle(data: bytes) -> bool:
    """Whether it is one of ``bundle``."""
    return data.startswith(_MARK)


def base_of(repository: Repository, bases: Sequence[str], read: Read) -> bytes | None:
    """What a file was in the merge bases of two commits, as ``read`` finds it; None without one."""
    if len(bases) < 2:
        return read(bases[0]) if bases else None
    first, second = bases[:2]
    here, there = read(first), read(second)
    if len(bases) > 2 or here is None or there is None:
        return _NONE
    if here == there:
        return here
    before = base_of(repository, repository.merge_bases(first, second), read)
    return bundle(Versions(before, here, there))


def open_base(data: bytes, opened: Opened) -> Side | None:
    """A base as it came from git, opened; None where two keysets do not go together.

    Raises:
        CredentialError, MalformedError: it, or a version in it, cannot be opened.
    """
    if not is_bundle(data):
        return opened(data)
    try:
        versions = Versions.from_texts(json.loads(data))
    except (AttributeError, ValueError, KeyError, TypeError):
        return opened(data)  # which says what is wrong with it
    base = None if versions.base is None else open_base(versions.base, opened)
    return _merged(base, open_base(versions.ours, opened), open_base(versions.theirs, opened))


def unknown_base(ours: Side, theirs: Side) -> Side:
    """One of which nothing is known: whatever the two do not agree on is a conflict."""
    paths = dict.fromkeys([*units_of(ours.content), *units_of(theirs.content)])
    return _side(ours, _unknown(EMPTY_CONTENT, paths), frozenset(), Secret(secrets.token_bytes(32)))


def _merged(base: Side | None, ours: Side | None, theirs: Side | None) -> Side | None:
    if ours is None or theirs is None:
        return None
    names = merge_names(base.recipients if base else frozenset(), ours, theirs)
    if kind_of(ours.metadata.selector) is FileKind.KEYSET:
        merged, _ = merge_keysets(base, ours, theirs, None)
        return None if merged is None else _side(ours, merged, names, ours.key)
    three = (base.content if base else EMPTY_CONTENT, ours.content, theirs.content)
    merged, conflicts = merge_by_path(*three, _never, {})
    if merged is None:
        paths = [one.path for one in conflicts]
        choices: dict[LeafPath, Choice] = dict.fromkeys(paths, "ours")
        merged, _ = merge_by_path(*three, _never, choices)
        assert merged is not None  # noqa: S101 - every conflict has a choice
        merged = _unknown(merged, paths)
    return _side(ours, merged, names, ours.key)


def _unknown(content: Content, paths: Iterable[LeafPath]) -> Content:
    """``content`` with a value at each of ``paths`` that is nowhere else."""
    unknown = list(paths)
    entries = [
        (item, value)
        for item, value in zip(content.items, content.values, strict=True)
        if isinstance(item, Comment) or not any(item.path[: len(one)] == one for one in unknown)
    ]
    for path in unknown:
        leaf = Leaf(path, 0, LeafType.STR, True, None, None)
        entries.append((leaf, Secret(secrets.token_bytes(32))))
    return content_from(entries)


def _side(like: Side, content: Content, names: frozenset[str], key: Secret) -> Side:
    stanzas = tuple(RecipientStanza(name, "", 0) for name in sorted(names))
    structure = Structure(list(content.items), replace(like.metadata, recipients=stanzas))
    return Side(b"", Document(structure, list(content.values), key))


def _never(_value: Secret) -> bool:
    return False
