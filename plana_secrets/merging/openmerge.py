"""A merge of one file that waits for a person: its versions, wherever git or we have them.

First the index: the stages are there whether the driver ran, failed, or was never installed.
Then what the driver kept, for a file that was added too early. Then the commits: of the operation
that is open, or of the merge that brought the file into HEAD as it is, as a forge does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from plana_secrets.errors import MissingFileError, PlanaSecretsError, UsageError
from plana_secrets.git.filelog import log_of_file
from plana_secrets.git.index import unmerged_stages
from plana_secrets.git.operation import (
    Commits,
    Names,
    commits_in_operation,
    name_of,
    names_of_sides,
)
from plana_secrets.git.repository import TreeEntry
from plana_secrets.merging.bases import base_of, is_bundle
from plana_secrets.merging.moved import find_moved, index_entries
from plana_secrets.merging.sidecar import find_conflict, has_conflict
from plana_secrets.secretfiles.discovery import carries_sops
from plana_secrets.secretfiles.listing import is_secret_file
from plana_secrets.secretfiles.open import read_bytes_of, read_document_of
from plana_secrets.secretfiles.past import find_at
from plana_secrets.secretfiles.workspace import Workspace

Origin = Literal["index", "kept", "operation", "commit"]


@dataclass(frozen=True, slots=True)
class OpenMerge:
    """``base``, ``ours``, ``theirs``: ciphertext; None where that version has no such file.

    ``was``: the name that the file still has on the side that did not move it. ``also``: the name
    that the other side gave it, which has the same merge.
    """

    file: str
    origin: Origin
    base: bytes | None
    ours: bytes | None
    theirs: bytes | None
    names: Names
    was: str | None = None
    also: str | None = None


def find_open(workspace: Workspace, file: str) -> OpenMerge:
    """The merge of ``file`` that is to be resolved.

    Raises:
        UsageError: there is none of two sides (kind ``nothing-to-resolve``).
        FailedError: a version cannot be read.
    """
    repository = workspace.repository
    stages = unmerged_stages(repository, under=[file]).get(file)
    if stages is not None:
        return _from_index(workspace, file, stages)
    if has_conflict(workspace, file):
        kept = find_conflict(workspace, file)
        if kept is not None:
            one = kept.versions
            names = names_of_sides(repository)
            return OpenMerge(file, "kept", one.base, one.ours, one.theirs, names)
    moved = _moved_to(workspace, file)
    if moved is not None:
        return moved
    if not _is_usable(workspace, file):
        commits = commits_in_operation(repository)
        if commits is not None:
            names = names_of_sides(repository)
            return _from_commits(workspace, file, commits, "operation", names)
        return _from_history(workspace, file)
    raise _nothing(file)


def list_open(workspace: Workspace) -> list[str]:
    """The secret files that git has as unmerged, without a look at what they say."""
    found = unmerged_stages(workspace.repository)
    return [file for file, stages in sorted(found.items()) if _is_secret(workspace, file, stages)]


def _is_secret(workspace: Workspace, file: str, stages: Mapping[int, TreeEntry]) -> bool:
    if is_secret_file(workspace.settings, file):
        return True
    ids = [entry.id for entry in stages.values() if entry.is_regular]
    return any(carries_sops(file, one) for one in workspace.repository.read_objects(ids).values())


def _from_index(workspace: Workspace, file: str, stages: Mapping[int, TreeEntry]) -> OpenMerge:
    odd = next((one for one in stages.values() if not one.is_regular), None)
    if odd is not None:
        raise UsageError(
            f"{file} is a link or a submodule on one side", kind="not-a-secret-file", file=file
        )
    contents = workspace.repository.read_objects([one.id for one in stages.values()])
    base, ours, theirs = (
        contents[stages[number].id] if number in stages else None for number in (1, 2, 3)
    )
    if base is not None and not is_bundle(base):
        base = _of_several_bases(workspace, file) or base
    merge = OpenMerge(file, "index", base, ours, theirs, names_of_sides(workspace.repository))
    if len(stages) == 1 and base is None:
        return _moved_by_both(workspace, merge) or merge
    return _where_it_moved(workspace, merge)


def _where_it_moved(workspace: Workspace, merge: OpenMerge) -> OpenMerge:
    """The merge under the new name, where the side that lacks the file has moved it."""
    base, is_here = merge.base, merge.ours is not None
    if base is None or is_here == (merge.theirs is not None):
        return merge
    repository = workspace.repository
    commits = commits_in_operation(repository)
    there = commits.theirs if commits else None
    commit = repository.head() if is_here else there
    known = repository.list_entries(commit) if commit else {}
    found = find_moved(workspace, merge.file, base, index_entries(workspace), known)
    if found is None:
        return merge
    name, content = found
    ours, theirs = (merge.ours, content) if is_here else (content, merge.theirs)
    return replace(merge, file=name, was=merge.file, ours=ours, theirs=theirs)


def _moved_by_both(workspace: Workspace, merge: OpenMerge) -> OpenMerge | None:
    """The versions as the commits have them: the index has what git made of their text."""
    repository = workspace.repository
    commits, unmerged = commits_in_operation(repository), unmerged_stages(repository)
    if commits is None:
        return None
    base = commits.base or repository.merge_base(commits.ours, commits.theirs)
    if base is None:
        return None
    blobs = {stage.id for stage in unmerged[merge.file].values()}
    before, here, there = map(repository.list_entries, (base, commits.ours, commits.theirs))
    for was in before.keys() - here.keys() - there.keys():
        content = _read_at(workspace, was, base) or b""
        sides = [
            _renamed(workspace, was, base, commit)
            or find_moved(workspace, was, content, one, before)
            for commit, one in ((commits.ours, here), (commits.theirs, there))
        ]
        names = [side[0] for side in sides if side]
        twins = {one.id for name in names for one in unmerged.get(name, {}).values()}
        if all(sides) and (merge.file in names or blobs & twins):
            also = next((one for one in names if one != merge.file and one in unmerged), None)
            ours, theirs = (side[1] for side in sides if side)
            return replace(merge, base=content, ours=ours, theirs=theirs, also=also)
    return None


def _renamed(workspace: Workspace, was: str, base: str, commit: str) -> tuple[str, bytes] | None:
    """The new name of a file, and its content, where git sees what became of it."""
    found = workspace.repository.renames(base, commit)
    name = next((new for new, old in found.items() if old == was), None)
    content = workspace.repository.read_blob(commit, name) if name is not None else None
    return (name, content) if name is not None and content is not None else None


def _moved_to(workspace: Workspace, file: str) -> OpenMerge | None:
    """The merge of a file that is open under the name which one side took from it."""
    for was, stages in unmerged_stages(workspace.repository).items():
        if len(stages) == 2 and 1 in stages and _is_secret(workspace, was, stages):
            merge = _from_index(workspace, was, stages)
            if merge.file == file:
                return merge
    return None


def _of_several_bases(workspace: Workspace, file: str) -> bytes | None:
    """Without our driver git has merged several merge bases as text, and that is of no use."""
    repository = workspace.repository
    commits = commits_in_operation(repository)
    if commits is None or not commits.by_bases:
        return None
    bases = repository.merge_bases(commits.ours, commits.theirs)
    return base_of(repository, bases, partial(_read_at, workspace, file)) if bases[1:] else None


def _is_usable(workspace: Workspace, file: str) -> bool:
    """Whether it opens as it is; one for which we have no identity counts as usable."""
    try:
        read_document_of(workspace, file)
    except MissingFileError:
        return True
    except PlanaSecretsError as error:
        return error.exit_code == 4
    return True


def _from_history(workspace: Workspace, file: str) -> OpenMerge:
    """By the merge commit that brought the file as it is here, and as no parent has it."""
    repository = workspace.repository
    head = repository.head()
    newest = next(log_of_file(repository.command, file, head), None) if head else None
    here = repository.blob_id(read_bytes_of(workspace, file))
    if newest is None or len(newest.parents) != 2 or newest.new_id != here:
        raise _nothing(file)
    ours, theirs = newest.parents
    commits = Commits(None, ours, theirs, by_bases=True)
    names = Names(name_of(repository, ours), name_of(repository, theirs))
    return _from_commits(workspace, file, commits, "commit", names)


def _from_commits(
    workspace: Workspace, file: str, commits: Commits, origin: Origin, names: Names
) -> OpenMerge:
    read = partial(_read_at, workspace, file)
    ours, theirs = map(read, (commits.ours, commits.theirs))
    if ours is None and theirs is None:
        raise _nothing(file)
    if commits.by_bases:
        repository = workspace.repository
        base = base_of(repository, repository.merge_bases(commits.ours, commits.theirs), read)
    else:
        base = read(commits.base)
    return OpenMerge(file, origin, base, ours, theirs, names)


def _read_at(workspace: Workspace, file: str, commit: str | None) -> bytes | None:
    """Through renames, as far as the history of HEAD knows them."""
    if commit is None:
        return None
    try:
        snapshot, name = find_at(workspace, file, commit)
    except UsageError:
        return None
    return snapshot.read(name)


def _nothing(file: str) -> UsageError:
    return UsageError(
        f"{file} has no merge that could be resolved", kind="nothing-to-resolve", file=file
    )


ADVICE: Final = {
    "nothing-to-resolve": "if it is damaged otherwise, `plana-secrets repair {file}` fixes it",
}
