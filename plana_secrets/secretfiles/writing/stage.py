"""The new ciphertext of a file, written by sops and judged by us, not yet in its place.

What sops wrote is believed once ``judge`` has read it: what was planned, for those whom the
rule names, under the same data key as before.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from plana_secrets.document.edits import (
    EMPTY_CONTENT,
    Content,
    Edit,
    changed_paths,
    content_of,
    plan_edits,
)
from plana_secrets.errors import FailedError, MalformedError, UsageError, about
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.formers import former_readers
from plana_secrets.secretfiles.names import check_name
from plana_secrets.secretfiles.open import open_bytes, path_of, read_bytes_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import (
    check_against_rule,
    check_result,
    describe,
    disbelieve,
)
from plana_secrets.sops.formats import Format, format_of, require_format
from plana_secrets.sops.model import (
    Defect,
    Document,
    Empty,
)
from plana_secrets.storage import digest_of, is_folder, not_regular

if TYPE_CHECKING:
    from plana_secrets.sops.rules.creationrule import CreationRule


@dataclass(frozen=True, slots=True)
class StagedFile:
    """What a file is to become. ``old_digest`` None: there must be no file yet.

    ``content`` None: the file is to be removed. Where nothing would change, the content
    is the present one and ``changed_paths`` is empty. ``former``: readers who could open
    today's file with an older version, and so made a new data key necessary.
    """

    file: str
    old_digest: str | None
    content: bytes | None
    changed_paths: tuple[LeafPath, ...] = ()
    former: tuple[str, ...] = ()

    @property
    def new_digest(self) -> str | None:
        return None if self.content is None else digest_of(self.content)

    @property
    def is_change(self) -> bool:
        return self.new_digest != self.old_digest


def stage_edits(
    workspace: Workspace,
    file: str,
    edits: Sequence[Edit],
    *,
    create: bool = False,
    by_rotation: bool = False,
) -> StagedFile:
    """The file after ``edits``; ``create``: also if there is none yet.

    ``by_rotation``: leaves that a keyset renders, and keyset files, are its own to write.

    Raises:
        UsageError: an edit is refused (``edits``, ``guard``; kind ``rendered-leaf``).
        FailedError: the file or its rule does not allow a safe write; see ``preflight``.
        CredentialError: no identity opens the file.
    """
    rule = preflight(workspace, file)
    if create and not os.path.lexists(workspace.root / file):
        with about(file):
            content = plan_edits(EMPTY_CONTENT, edits, rule.selector, by_rotation=by_rotation)
        return stage_new(workspace, file, content)
    data = read_bytes_of(workspace, file)
    document = open_bytes(data, file, workspace.identities)
    check_against_rule(document.structure, rule, file)
    before = content_of(document)
    with about(file):
        after = plan_edits(before, edits, rule.selector, by_rotation=by_rotation)
    return stage_content(workspace, file, data, document, after, by_rotation=by_rotation)


def stage_content(
    workspace: Workspace,
    file: str,
    data: bytes,
    document: Document,
    after: Content,
    *,
    by_rotation: bool = False,
) -> StagedFile:
    """The file with the content ``after``; ``document`` is what ``data``, its bytes, hold."""
    before = content_of(document)
    if describe(after) == describe(before):
        return StagedFile(file, digest_of(data), data)
    changed = changed_paths(before, after)
    if not by_rotation:
        refuse_owned(workspace, file, changed)
    from plana_secrets.document.emit import emit_yaml

    plain = emit_yaml(after.items, after.values)
    ciphertext = workspace.sops.rewrite(data, plain, identities=workspace.identities)
    result = check_result(workspace, file, ciphertext, after)
    if result.data_key != document.data_key:
        disbelieve(file, "the data key is different")
    ciphertext, former = without_formers(workspace, file, ciphertext, result)
    return StagedFile(file, digest_of(data), ciphertext, changed, former)


def without_formers(
    workspace: Workspace, file: str, ciphertext: bytes, document: Document
) -> tuple[bytes, tuple[str, ...]]:
    """``ciphertext``, which holds ``document``, under a data key that only its readers know.

    Returns:
        It, and the recipients that could have opened it with an older version of the file.
    """
    former = former_readers(workspace, file, ciphertext)
    if former is None:
        return ciphertext, ()
    return renew_data_key(workspace, file, ciphertext, document), former.readers


def renew_data_key(workspace: Workspace, file: str, ciphertext: bytes, document: Document) -> bytes:
    """``ciphertext``, which holds ``document``, under a new data key.

    sops wraps that to everyone who is in the file, so it has been checked against its rule.
    """
    renewed = workspace.sops.rotate_data_key(
        ciphertext, identities=workspace.identities, form=format_of(file)
    )
    result = check_result(workspace, file, renewed, content_of(document))
    if result.data_key == document.data_key:
        disbelieve(file, "the data key is the old one")
    return renewed


def stage_new(workspace: Workspace, file: str, content: Content | Secret) -> StagedFile:
    """A file that is not there yet, or empty, encrypted by its rule. A ``Secret`` is plain YAML.

    Raises:
        ConflictError: kind ``file-exists``, when it is written.
        UsageError, FailedError: see ``preflight`` and ``check_name``.
    """
    preflight(workspace, file)
    check_name(workspace, file)
    if isinstance(content, Secret):
        plain, content = content, parse_plain(content, file)
    else:
        from plana_secrets.document.emit import emit_yaml

        plain = emit_yaml(content.items, content.values)
    ciphertext = workspace.sops.encrypt(
        plain, file=file, config=workspace.config_for(file), root=workspace.root
    )
    check_result(workspace, file, ciphertext, content)
    return StagedFile(
        file, _digest_of_empty(workspace, file), ciphertext, changed_paths(EMPTY_CONTENT, content)
    )


def _digest_of_empty(workspace: Workspace, file: str) -> str | None:
    """Of a file without content, which a new one may replace."""
    if not os.path.lexists(path_of(workspace, file)):
        return None
    data = read_bytes_of(workspace, file)
    return None if data.strip() else digest_of(data)


def stage_removal(workspace: Workspace, file: str) -> StagedFile:
    """The file gone."""
    return StagedFile(file, digest_of(read_bytes_of(workspace, file)), None)


def parse_plain(plain: Secret, file: str, *, odd_as_text: bool = False) -> Content:
    """The content of plain YAML, as sops will see it.

    ``odd_as_text``: a number or a time that sops cannot use counts as text.

    Raises:
        MalformedError: it is not YAML that sops keeps as it is; the message has the line.
    """
    from plana_secrets.sops.reading.reader import read_structure

    harmless = {"not-sops", "ambiguous-scalar"} if odd_as_text else {"not-sops"}
    structure = read_structure(plain.reveal())
    if structure.metadata is not None:
        raise UsageError(f"{file}: already encrypted", kind="already-encrypted", file=file)
    for defect in structure.defects:
        if defect.check not in harmless and defect.severity == "error":
            raise _refused(file, defect)
    values = (None if isinstance(item, Empty) else item.plain for item in structure.items)
    return Content(tuple(structure.items), tuple(values))


def _refused(file: str, defect: Defect) -> MalformedError:
    from plana_secrets.sops.reading.containers import TOO_DEEP
    from plana_secrets.sops.reading.parts import TOO_MANY, TOO_MANY_WITH_COMMENTS
    from plana_secrets.sops.reading.source import CARRIAGE_RETURN, NOT_UTF8, SEVERAL, WITH_MARK

    kind = "bad-content"
    if defect.message == NOT_UTF8:
        kind = "not-utf8"
    elif defect.message == WITH_MARK:
        kind = "byte-order-mark"
    elif defect.message == CARRIAGE_RETURN:
        kind = "line-ends"
    elif defect.message == SEVERAL:
        kind = "several-documents"
    elif defect.message in {TOO_MANY, TOO_MANY_WITH_COMMENTS, TOO_DEEP}:
        kind = "too-much-yaml"
    place = f"{file}:{defect.line}" if defect.line else file
    return MalformedError(f"{place}: {defect.message}", kind=kind, file=file)


def preflight(
    workspace: Workspace, file: str, formats: Collection[Format] = (Format.YAML,)
) -> CreationRule:
    """What is known to block a write, before anything is done.

    Raises:
        UsageError: sops would read the name as none of ``formats`` (kind
            ``not-yaml-name``), or no creation rule matches (kind ``no-rule``).
        MalformedError: its rule must not be used (kinds ``bad-rule``, ``bad-rules``).
        FailedError: a symlink (kind ``symlink``), a folder (``not-a-regular-file``), or not
            writable (``unwritable-file``).
    """
    target = workspace.root / file
    if is_folder(target):
        raise not_regular(file, stat.S_IFDIR)
    require_format(file, formats)
    rule = workspace.rule_for(file)
    path = path_of(workspace, file)
    folder = next(parent for parent in path.parents if os.path.lexists(parent))
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise FailedError(
            f"the folder of {file} is not writable", kind="unwritable-file", file=file
        )
    return rule


def refuse_owned(workspace: Workspace, file: str, paths: Sequence[LeafPath]) -> None:
    """Stop a change of a leaf that is rendered from a keyset.

    Raises:
        UsageError: kind ``rendered-leaf``.
    """
    for path in paths:
        keyset = workspace.owned_leaf(file, path)
        if keyset is not None:
            spelled = format_path(path)
            raise UsageError(
                f"{file}#{spelled} is rendered from the keyset {keyset}",
                kind="rendered-leaf",
                file=file,
                path=spelled,
                keyset=keyset,
            )


ADVICE: Final = {
    "byte-order-mark": "save it as UTF-8 without a byte order mark, then run this again",
    "line-ends": "save it with the line ends of Unix (LF) in your editor, then run this again",
    "several-documents": "put each document into a file of its own",
    "too-much-yaml": "split it into several files, with fewer levels",
    "not-utf8": "save it as UTF-8 in your editor, then run this again",
    "bad-content": (
        "fix that line; indent with spaces, not tabs; quote a value that begins with one of "
        "* & ! % @ > | - ? { [ or a backtick, or contains ': ' or ' #'"
    ),
    "rendered-leaf": "change it with `plana-secrets rotate run {keyset}`",
}
