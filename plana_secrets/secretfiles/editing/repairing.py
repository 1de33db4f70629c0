"""A file that cannot be trusted any more: what it says, what git last had, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.document.edits import (
    Content,
    Edit,
    SetLeaf,
    changed_paths,
    content_of,
    plan_edits,
)
from plana_secrets.document.kinds import FileKind, canonical_selector, kind_of
from plana_secrets.document.repair import Repair, Side, plan_repair
from plana_secrets.errors import (
    CredentialError,
    FailedError,
    MalformedError,
    PlanaSecretsError,
    UsageError,
    about,
)
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.filelog import FileCommit, log_of_file
from plana_secrets.git.index import list_checkout
from plana_secrets.paths import LeafPath, format_path
from plana_secrets.secretfiles.editing.revise import check_new
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.stage import (
    StagedFile,
    check_against_rule,
    check_result,
    describe,
    preflight,
    without_formers,
)
from plana_secrets.sops.formats import READ_HERE, Format, format_of, require_format
from plana_secrets.sops.model import Document, Leaf
from plana_secrets.sops.reading.datakey import find_data_key
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.reading.salvage import Salvage, salvage
from plana_secrets.sops.rules.rulesfile import CreationRule
from plana_secrets.sops.rules.selectors import is_encrypted_path
from plana_secrets.storage import digest_of

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

    ``exposed``: values that are readable, and must not be by the file's rule.
    """

    file: str
    data: bytes
    now: Salvage
    sound: Sound | None
    exposed: tuple[LeafPath, ...] = ()

    @property
    def then(self) -> Content | None:
        return content_of(self.sound.document) if self.sound else None


def examine(workspace: Workspace, file: str) -> Case | None:
    """The case of ``file``, or None where nothing is wrong with it.

    A file that opens, but with another selector than its rule has, is one as well; who
    can read it is another matter.

    Raises:
        CredentialError: no identity opens it, nor a version in git.
        UsageError: it is no YAML file.
        FailedError: it cannot be read.
    """
    require_format(file, READ_HERE)
    _refuse_unmerged(workspace, file)
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
    sound = _find_sound(workspace, file)
    if locked is not None and sound is None:
        raise locked
    former = content_of(sound.document).leaves() if sound else ()
    now = salvage(
        data,
        format_of(file),
        workspace.identities,
        elsewhere=former,
        former_key=sound.document.data_key if sound else None,
    )
    if not now.has_key and sound is None:
        _check_identities(workspace, file, data)
        raise FailedError(
            f"{file} does not open, and neither does any version in git",
            kind="beyond-repair",
            file=file,
        )
    return Case(file, data, now, sound, _exposed(workspace, file, now))


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


def _refuse_unmerged(workspace: Workspace, file: str) -> None:
    """In an open merge git's last version would silently win over the other side."""
    entries = list_checkout(workspace.repository, under=[file], untracked=False)
    if any(entry is not None and not entry.id for _, _, entry in entries):
        raise UsageError(f"{file} has a merge conflict", kind="merge-open", file=file)


def _is_encrypted_otherwise(workspace: Workspace, file: str, document: Document) -> bool:
    """Whether other values are encrypted than the rule says, or by other means."""
    try:
        rule = workspace.rule_for(file)
    except PlanaSecretsError:
        return False
    metadata = document.structure.metadata
    assert metadata is not None  # noqa: S101 - it was opened
    if metadata.mac_only_encrypted or metadata.other_keys:
        return True
    return canonical_selector(metadata.selector) != canonical_selector(rule.selector)


def _exposed(workspace: Workspace, file: str, now: Salvage) -> tuple[LeafPath, ...]:
    try:
        selector = workspace.rule_for(file).selector
    except PlanaSecretsError:
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


def _find_sound(workspace: Workspace, file: str) -> Sound | None:
    for commit, data in _versions(workspace, file):
        try:
            return Sound(commit, data, open_bytes(data, file, workspace.identities))
        except PlanaSecretsError:
            continue
    return None


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


def stage_repair(workspace: Workspace, case: Case, repair: Repair) -> StagedFile:
    """The file with the content of ``repair``.

    It is git's version with what differs from it, so that ciphertext that did not change
    stays; where that one is not as the rule says, it is encrypted again, under a new data key.

    Raises:
        UsageError: a value that is to be kept may not be there.
        FailedError: see ``stage.preflight`` and ``stage.check_result``.
    """
    content = repair.content
    assert content is not None  # noqa: S101 - the caller has seen that all is decided
    rule = preflight(workspace, case.file, READ_HERE)
    if format_of(case.file) is not Format.YAML:
        return _stage_as_in_git(workspace, case, repair)
    for path in repair.kept:
        _check_kept(workspace, case.file, path, content, rule)
    ciphertext = _written(workspace, case, content, rule)
    result = check_result(workspace, case.file, ciphertext, content)
    ciphertext, former = without_formers(workspace, case.file, ciphertext, result)
    before = case.then or Content((), ())
    changed = changed_paths(before, content)
    return StagedFile(case.file, digest_of(case.data), ciphertext, changed, former)


def stage_edits_on_damage(
    workspace: Workspace, file: str, edits: Sequence[Edit], error: MalformedError
) -> tuple[StagedFile, tuple[LeafPath, ...]]:
    """What ``stage.stage_edits`` refused with ``error``, where nothing else is in doubt than
    what the edits replace.

    Second is what was readable until now.

    Raises:
        MalformedError: ``error``; more than that is wrong with the file.
    """
    case = examine(workspace, file) if error.kind in _REPAIRABLE else None
    if case is None:
        raise error
    plan = plan_repair(case.now, case.then, {})
    chosen = {path: _GIT for path in plan.undecided if any(_covers(one, path) for one in edits)}
    plan = plan_repair(case.now, case.then, chosen)
    if plan.content is None or plan.lost_comments:
        raise error
    rule = preflight(workspace, file)
    needed = [one for one in edits if isinstance(one, SetLeaf) or _is_there(one, plan.content)]
    with about(file):
        content = plan_edits(plan.content, needed, rule.selector)
    for edit in edits:
        _check_kept(workspace, file, edit.path, content, rule)
    return stage_repair(workspace, case, replace(plan, content=content)), case.exposed


_REPAIRABLE: Final = frozenset({"defects", "mac-mismatch", "not-decryptable"})
_GIT: Final[Side] = "git"


def _covers(edit: Edit, path: LeafPath) -> bool:
    return path[: len(edit.path)] == edit.path


def _is_there(edit: Edit, content: Content) -> bool:
    return any(_covers(edit, path) for path in content.leaves())


def _stage_as_in_git(workspace: Workspace, case: Case, repair: Repair) -> StagedFile:
    """Of a file that only sops writes, all or nothing of git's version comes back."""
    if case.sound is None or repair.kept:
        require_format(case.file)  # says that only YAML is written
    assert case.sound is not None  # noqa: S101 - there was no way on without one
    content = content_of(case.sound.document)
    check_result(workspace, case.file, case.sound.data, content)
    return StagedFile(case.file, digest_of(case.data), case.sound.data, tuple(repair.taken))


def _check_kept(
    workspace: Workspace, file: str, path: LeafPath, content: Content, rule: CreationRule
) -> None:
    """What is kept is held to what ``edit`` would be."""
    if kind_of(rule.selector) is FileKind.KEYSET:
        raise UsageError(
            f"{file}: a keyset file can only be changed by `rotate`", kind="keyset-file", file=file
        )
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
    for leaf, (kind, value) in content.leaves().items():
        if leaf[: len(path)] == path:
            check_new(leaf, kind, value, rule.selector)


def _written(workspace: Workspace, case: Case, content: Content, rule: CreationRule) -> bytes:
    from plana_secrets.document.emit import emit_yaml

    plain = emit_yaml(content.items, content.values)
    if case.sound is not None and _is_by_rule(case.sound.document, rule, case.file):
        if describe(content) == describe(content_of(case.sound.document)):
            return case.sound.data
        return workspace.sops.rewrite(case.sound.data, plain, identities=workspace.identities)
    return workspace.sops.encrypt(
        plain, file=case.file, config=workspace.config_for(case.file), root=workspace.root
    )


def _is_by_rule(document: Document, rule: CreationRule, file: str) -> bool:
    try:
        check_against_rule(document.structure, rule, file)
    except FailedError:
        return False
    return True


ADVICE: Final = {
    "merge-open": (
        "take one side with `git checkout --ours -- {file}` or `git checkout --theirs -- {file}`, "
        "set the values of the other side again, then `git add {file}`"
    ),
    "beyond-repair": "look for a copy: `git log --all -- {file}`, another clone, the mirror",
}
