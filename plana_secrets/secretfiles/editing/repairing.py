"""A file that cannot be trusted any more: what it says, what git last had, and the way back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.document.astyped import without_marks
from plana_secrets.document.edits import Content, content_of
from plana_secrets.document.kinds import FileKind, canonical_selector, kind_of
from plana_secrets.document.repair import with_types
from plana_secrets.errors import CredentialError, FailedError, PlanaSecretsError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.filelog import FileCommit, log_of_file
from plana_secrets.paths import LeafPath
from plana_secrets.secretfiles.ciphertexts import ENCRYPTED
from plana_secrets.secretfiles.open import open_bytes, path_of, read_bytes_of
from plana_secrets.secretfiles.unmerged import refuse_unmerged
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import READ_HERE, Format, format_of, require_format
from plana_secrets.sops.model import Comment, Document, Leaf, Selector
from plana_secrets.sops.reading.datakey import find_data_key
from plana_secrets.sops.reading.reader import plain_scalars, read_structure
from plana_secrets.sops.reading.salvage import Salvage, State, salvage
from plana_secrets.sops.rules.selectors import is_encrypted_path

_VERSIONS: Final = 200
"""How many versions in git are looked at."""

_BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class Sound:
    """The newest version in git that opens and whose MAC holds."""

    commit: FileCommit
    data: bytes
    document: Document


@dataclass(frozen=True, slots=True)
class Case:
    """A broken file. ``sound`` None: git has no version that can be used.

    ``exposed``: values that are readable, and must not be by the file's rule; and so many
    ``exposed_comments``.
    """

    file: str
    data: bytes
    now: Salvage
    sound: Sound | None
    exposed: tuple[LeafPath, ...] = ()
    exposed_comments: int = 0

    @property
    def then(self) -> Content | None:
        return content_of(self.sound.document) if self.sound else None


def examine(workspace: Workspace, file: str, *, yaml_types: bool = False) -> Case | None:
    """The case of ``file``, or None where nothing is wrong with it.

    A file that opens, but with another selector than its rule has, is one as well; who
    can read it is another matter. ``yaml_types``: see ``document.astyped.typed_as``.

    Raises:
        CredentialError: no identity opens it, nor a version in git.
        UsageError: it is no YAML file.
        FailedError: it cannot be read.
    """
    require_format(file, READ_HERE)
    refuse_unmerged(workspace, [file])
    data = read_bytes_of(workspace, file)
    locked: CredentialError | None = None
    try:
        document = open_bytes(data, file, workspace.identities)
    except CredentialError as error:
        locked = error
    except FailedError:
        pass
    else:
        if not _is_encrypted_otherwise(workspace, file, document):
            return None
    sound = _find_sound(workspace, file, data)
    if locked is not None and sound is None:
        raise locked
    now = _salvage(workspace, file, data, sound, yaml_types=yaml_types)
    if not now.has_key and sound is None:
        _check_identities(workspace, file, data)
        if is_unused(workspace, file):
            raise FailedError(
                f"{file} is empty, and git never had anything in it", kind="never-filled", file=file
            )
        raise FailedError(
            f"{file} does not open, and neither does any version in git",
            kind="beyond-repair",
            file=file,
        )
    comments = sum(
        isinstance(one.item, Comment) and one.state is State.READABLE for one in now.found
    )
    return Case(file, data, now, sound, _exposed(now, _selector_of(workspace, file)), comments)


def is_unused(workspace: Workspace, file: str) -> bool:
    """Whether nothing is at ``file``, or an empty file that was never anything else in git."""
    if not os.path.lexists(path_of(workspace, file)):
        return True
    if read_bytes_of(workspace, file).strip():
        return False
    return not any(content.strip() for _, content in _versions(workspace, file))


def _salvage(
    workspace: Workspace, file: str, data: bytes, sound: Sound | None, *, yaml_types: bool
) -> Salvage:
    former = content_of(sound.document).leaves() if sound else {}
    now = salvage(
        data,
        format_of(file),
        workspace.identities,
        former={path: value for path, (_, value) in former.items()},
        former_key=sound.document.data_key if sound else None,
    )
    if format_of(file) is not Format.YAML:
        # it comes back as git had it or not at all: all that differs has to be chosen
        return replace(now, rest_holds=now.is_whole)
    selector = _selector_of(workspace, file)
    if selector is not None and kind_of(selector) is FileKind.SECRET_MANIFEST:
        return now  # whose values are texts
    return with_types(now, plain_scalars(without_marks(data)), yaml_types=yaml_types)


def _check_identities(workspace: Workspace, file: str, data: bytes) -> None:
    """Stop where a recipient of the file could open it, and we have none of them."""
    metadata = read_structure(data, format_of(file)).metadata
    if metadata is None or not metadata.recipients:
        return
    try:
        find_data_key(metadata, workspace.identities)
    except CredentialError as error:
        raise CredentialError(
            f"{file}: {error.message}", kind="no-identity-fits", retry=None, file=file
        ) from None


def _is_encrypted_otherwise(workspace: Workspace, file: str, document: Document) -> bool:
    """Whether other values are encrypted than the rule says, or by other means."""
    selector = _selector_of(workspace, file)
    metadata = document.structure.metadata
    assert metadata is not None  # noqa: S101 - it was opened
    if selector is None:
        return False
    if metadata.mac_only_encrypted or metadata.other_keys:
        return True
    return canonical_selector(metadata.selector) != canonical_selector(selector)


def _selector_of(workspace: Workspace, file: str) -> Selector | None:
    try:
        return workspace.rule_for(file).selector
    except PlanaSecretsError:
        return None


def _exposed(now: Salvage, selector: Selector | None) -> tuple[LeafPath, ...]:
    if selector is None:
        return ()
    return tuple(
        one.item.path
        for one in now.found
        if isinstance(one.item, Leaf)
        and one.item.token is None
        and one.value is not None
        and not one.value.is_empty
        and is_encrypted_path(selector, one.item.path)
    )


def _find_sound(workspace: Workspace, file: str, data: bytes) -> Sound | None:
    for commit, content in _versions(workspace, _name_in_git(workspace, file, data)):
        try:
            return Sound(commit, content, open_bytes(content, file, workspace.identities))
        except PlanaSecretsError:
            continue
    return None


def _name_in_git(workspace: Workspace, file: str, data: bytes) -> str:
    """``file``, or where it was moved and that is not committed yet, its name at HEAD.

    That is the file gone from the disk which has most of the ciphertexts of ``data``.
    """
    repository, tokens = workspace.repository, {*ENCRYPTED.findall(data)}
    head = repository.head()
    there = repository.list_entries(head) if head and tokens else {}
    if not there or file in there:
        return file
    gone = [
        name
        for name, entry in there.items()
        if entry.is_regular
        and format_of(name) is format_of(file)
        and not os.path.lexists(workspace.root / name)
    ]
    shared = {
        name: len(tokens.intersection(ENCRYPTED.findall(content)))
        for name, content in repository.iterate_blobs(head or "", gone)
        if isinstance(content, bytes)
    }
    best = max(shared, key=lambda name: (shared[name], name), default=file)
    return best if shared.get(best) else file


def _versions(workspace: Workspace, file: str) -> Iterator[tuple[FileCommit, bytes]]:
    """What the file was in the commits that led to HEAD, newest first."""
    git, head = workspace.repository.command, workspace.repository.head()
    if head is None:
        return
    commits = [one for one in log_of_file(git, file, head) if one.new_id][:_VERSIONS]
    for start in range(0, len(commits), _BATCH):
        batch = commits[start : start + _BATCH]
        contents = dict(iterate_contents(git, [one.new_id for one in batch if one.new_id]))
        for one in batch:
            content = contents.get(one.new_id or "")
            if isinstance(content, bytes):
                yield one, content


ADVICE: Final = {
    "never-filled": "`plana-secrets new {file}` makes a secret file of it",
    "beyond-repair": "look for a copy: `git log --all -- {file}`, another clone, the mirror",
}
