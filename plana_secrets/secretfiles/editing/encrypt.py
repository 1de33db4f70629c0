"""A plain file turned into a secret file, in place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from plana_secrets.document.astyped import Typed, is_kept_as_text, keep_as_typed, without_marks
from plana_secrets.document.edits import Content
from plana_secrets.document.emit import emit_yaml
from plana_secrets.document.guard import check_setting, refuse_list, refuse_manifest, refuse_type
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.document.values import SETTABLE_TYPES
from plana_secrets.errors import UsageError
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.editing.repaired import stage_completion
from plana_secrets.secretfiles.names import check_name
from plana_secrets.secretfiles.open import read_bytes_of, refuse_without_metadata
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import check_result
from plana_secrets.secretfiles.writing.stage import StagedFile, parse_plain, preflight
from plana_secrets.sops.model import Comment, Leaf, LeafType, Selector, Structure
from plana_secrets.sops.reading.reader import (
    has_lost_metadata,
    is_sops,
    plain_scalars,
    read_structure,
)
from plana_secrets.sops.rules.selectors import is_encrypted_path
from plana_secrets.storage import digest_of

_BLOCK: Final = re.compile(rb"(?ms)^[^#\n]*ENC\[AES256_GCM,.*^sops:\r?$")
"""A file that sops wrote, also where it cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """``readable``: paths that stay readable by the file's selector; and so many comments.

    ``as_text``, ``nulls`` and ``cut``: see ``document.astyped.Typed``. ``plain``: the bytes that
    were there, and ``values`` those of them that are encrypted now. ``twins``: see ``check_name``.
    ``was_encrypted``: by sops, but for these and ``completed_comments``.
    """

    staged: StagedFile
    encrypted: tuple[LeafPath, ...]
    readable: tuple[LeafPath, ...]
    readable_comments: int
    plain: Secret
    values: tuple[Secret, ...]
    as_text: tuple[LeafPath, ...] = ()
    nulls: tuple[LeafPath, ...] = ()
    twins: tuple[str, ...] = ()
    was_encrypted: bool = False
    completed_comments: int = 0
    cut: tuple[LeafPath, ...] = ()


def stage_encryption(workspace: Workspace, file: str, *, yaml_types: bool = False) -> Encryption:
    """The plain file ``file`` encrypted by its rule; the plain one stays until it is replaced.

    Of a file that sops wrote, only what is readable in it; the rest must be sound.
    ``yaml_types``: every scalar has the type that YAML gives it; see ``document.astyped``.

    Raises:
        UsageError: there is no value in it (kind ``no-values``), all of it is
            encrypted already, it is no file that may be encrypted (kind ``nothing-to-encrypt``,
            or what the kind of the file forbids), or has no rule.
        MalformedError: its values are encrypted already (kind ``metadata-gone``), or something
            else in it is in doubt (see ``repaired.stage_completion``).
        FailedError: see ``stage.preflight``, ``names.check_name`` and ``judge.check_result``.
    """
    rule = preflight(workspace, file)
    twins = check_name(workspace, file)
    data = read_bytes_of(workspace, file)
    if is_sops(read_structure(data)) or _BLOCK.search(data):
        return _complete(workspace, file, data, twins, yaml_types=yaml_types)
    typed = _read(Secret(data), file, yaml_types=yaml_types)
    content = typed.content
    if has_lost_metadata(Structure([*content.items], None)):
        refuse_without_metadata(file)  # encrypted twice, no one could read it
    encrypted, readable = _divide(content, rule.selector)
    _check(content, rule.selector, file, encrypted, readable)
    # as it is in the file where possible: its layout of comments is the person's
    plain = emit_yaml(content.items, content.values) if typed.as_text else Secret(data)
    ciphertext = workspace.sops.encrypt(
        plain, file=file, config=workspace.config_for(file), root=workspace.root
    )
    check_result(workspace, file, ciphertext, content)
    staged = StagedFile(file, digest_of(data), ciphertext, encrypted)
    comments = _readable_comments(content, rule.selector)
    values = tuple(
        value
        for item, value in zip(content.items, content.values, strict=True)
        if value is not None and item.path in set(encrypted)
    )
    return Encryption(
        staged,
        encrypted,
        readable,
        comments,
        Secret(data),
        values,
        typed.as_text,
        typed.nulls,
        twins,
        cut=typed.cut,
    )


def _complete(
    workspace: Workspace, file: str, data: bytes, twins: tuple[str, ...], *, yaml_types: bool
) -> Encryption:
    staged, case = stage_completion(workspace, file, yaml_types=yaml_types)
    encrypted = case.exposed
    values = tuple(
        one.value
        for one in case.now.found
        if one.value is not None and one.item.path in set(encrypted)
    )
    scalars = {} if yaml_types else plain_scalars(without_marks(data))
    as_text = tuple(path for path in encrypted if is_kept_as_text(scalars.get(path, "text")))
    found = Encryption(staged, encrypted, (), 0, Secret(data), values, as_text, (), twins)
    return replace(found, completed_comments=case.exposed_comments, was_encrypted=True)


def _read(plain: Secret, file: str, *, yaml_types: bool) -> Typed:
    lines = (line.strip() for line in plain.reveal().splitlines())
    if all(not line or line.startswith((b"#", b"---")) for line in lines):
        raise UsageError(f"{file} has no values to encrypt", kind="no-values", file=file)
    if yaml_types:
        return Typed(parse_plain(plain, file))
    content = parse_plain(plain, file, odd_as_text=True)
    return keep_as_typed(content, plain_scalars(plain.reveal()), {})


def _divide(
    content: Content, selector: Selector
) -> tuple[tuple[LeafPath, ...], tuple[LeafPath, ...]]:
    """The paths of leaves that will be encrypted, and of those that will not."""
    leaves = [item.path for item in content.items if isinstance(item, Leaf)]
    encrypted = tuple(path for path in leaves if is_encrypted_path(selector, path))
    return encrypted, tuple(path for path in leaves if path not in set(encrypted))


def _readable_comments(content: Content, selector: Selector) -> int:
    comments = (item for item in content.items if isinstance(item, Comment))
    return sum(not is_encrypted_path(selector, comment.path) for comment in comments)


def _check(
    content: Content,
    selector: Selector,
    file: str,
    encrypted: Sequence[LeafPath],
    readable: Sequence[LeafPath],
) -> None:
    """Stop a file that its rule does not fit: it would go on as plaintext."""
    kind = kind_of(selector)
    if kind is FileKind.KEYSET:
        raise UsageError(f"{file} would be a keyset file", kind="keyset-file", file=file)
    if not encrypted:
        raise UsageError(
            f"the rule for {file} would encrypt nothing",
            kind="nothing-to-encrypt",
            file=file,
        )
    if kind is FileKind.PLAIN_MAP and readable:
        _refuse(file, readable[0], "sops would not encrypt it because of a key's suffix")
    if kind is FileKind.SECRET_MANIFEST:
        refuse_list(content.items)
    for item, value in zip(content.items, content.values, strict=True):
        if isinstance(item, Leaf) and value is not None and item.path in encrypted:
            _check_encrypted(item, value, selector)
    if kind is FileKind.SECRET_MANIFEST:
        refuse_manifest(content.items)


def _check_encrypted(leaf: Leaf, value: Secret, selector: Selector) -> None:
    if leaf.type in SETTABLE_TYPES:
        check_setting(leaf.path, selector, value, leaf.type)
    elif kind_of(selector) is FileKind.SECRET_MANIFEST and leaf.type is not LeafType.NULL:
        refuse_type(leaf.path, leaf.type)


def _refuse(file: str, path: LeafPath, reason: str) -> NoReturn:
    spelled = format_path(path)
    raise UsageError(f"{file}#{spelled}: {reason}", kind="bad-content", file=file, path=spelled)


ADVICE: Final = {
    "no-values": (
        "write KEY: VALUE lines into it first; an empty file is what `plana-secrets new {file}` "
        "is for"
    ),
    "nothing-to-encrypt": "check the selector of the rule in .sops.yaml",
}
