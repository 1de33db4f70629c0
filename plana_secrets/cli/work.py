"""Work that waits for a person, beside the files themselves: each with its next command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plana_secrets.cli.context import Context
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.mirror.lastseen import LastSeen
    from plana_secrets.secretfiles.snapshot import Snapshot

_COLOR = "yellow"
_NAMED = 20
"""Of so many files the name is shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that waits. ``next``: a command that can be pasted, or empty."""

    text: str
    next: str = ""
    color: str = _COLOR


@dataclass(slots=True)
class Work:
    """``facts`` for ``--json``; ``is_open``: something is to be done, not only to be known."""

    facts: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    is_open: bool = False

    def add(self, line: Line, *, is_open: bool = True) -> None:
        self.lines.append(line)
        self.is_open = self.is_open or is_open


def find_work(context: Context, on_disk: Snapshot, branch: str | None) -> Work:
    """All of it, quickly: no file is decrypted, no server asked."""
    work = Work()
    _conflicts(context, on_disk, work)
    _unsound(on_disk, work)
    _ignored(on_disk, work)
    _kept_edits(context, on_disk.secret_files, work)
    _tracking(context, branch, work)
    _keysets(context, work)
    _mirror(context, work)
    _unmapped(context, on_disk, work)
    return work


def _conflicts(context: Context, on_disk: Snapshot, work: Work) -> None:
    from plana_secrets.git.tracking import open_operation
    from plana_secrets.merging.sidecar import has_conflict
    from plana_secrets.secretfiles.listing import is_secret_file

    files = on_disk.unmerged
    operation = open_operation(context.repository)
    work.facts |= {"git_operation": operation, "conflicts": list(files)}
    if operation:
        work.add(Line(f"git is in the middle of a {operation}", "git status"))
    for file in files:
        is_secret = is_secret_file(on_disk.settings, file) or file in on_disk.secret_files
        command = f"plana-secrets resolve {shlex.quote(file)}" if is_secret else "git status"
        work.add(Line(f"merge conflict: {file}", command, "red"))
    secret = (file for file in on_disk.secret_files if file not in files)
    kept = [file for file in secret if has_conflict(context.workspace, file)]
    work.facts["kept_merges"] = kept
    for file in kept:
        text = f"added to git without the changes of the other side: {file}"
        work.add(Line(text, f"plana-secrets resolve {shlex.quote(file)}", "red"))


def _unsound(on_disk: Snapshot, work: Work) -> None:
    """Files that are plainly no secret files: in plaintext, of Windows, a pointer of LFS."""
    from plana_secrets.errors import FailedError
    from plana_secrets.secretfiles.open import first_problem

    found = []
    files = [file for file in on_disk.secret_files if file not in on_disk.unmerged]
    for file, content in sorted(on_disk.contents(files)):
        if isinstance(content, FailedError):
            found.append((file, content.kind, content.message))
        elif problem := first_problem(content, file):
            found.append((file, problem.check, f"{file}: {problem.message}"))
    work.facts["unsound"] = [{"file": file, "problem": check} for file, check, _ in found]
    for file, check, message in found:
        next_command = _WAYS_OUT.get(check, "plana-secrets repair {file}")
        work.add(Line(message, next_command.format(file=shlex.quote(file)), "red"))


def _ignored(on_disk: Snapshot, work: Work) -> None:
    """Encrypted files that git ignores: to be known, as they may be for this machine alone."""
    from plana_secrets.errors import FailedError
    from plana_secrets.secretfiles.discovery import carries_sops
    from plana_secrets.secretfiles.listing import select_secret_files
    from plana_secrets.secretfiles.roots import folders_of
    from plana_secrets.sops.formats import READ_HERE, format_of

    folders = folders_of(on_disk.settings.roots)
    every = [] if "." in folders else on_disk.tree.repository.ignored_files(under=folders)
    files = [
        one for one in select_secret_files(on_disk.settings, every) if format_of(one) in READ_HERE
    ]
    work.facts["ignored"] = sorted(
        file
        for file, content in on_disk.contents(files)
        if not isinstance(content, FailedError) and carries_sops(file, content)
    )
    for file in work.facts["ignored"][:_NAMED]:
        line = Line(
            f"git ignores {file}, so no commit has it", f"git add --force {shlex.quote(file)}"
        )
        work.add(line, is_open=False)


_WAYS_OUT = {
    "not-sops": "plana-secrets encrypt {file}",
    "lfs-pointer": "git lfs pull",
    "merge-conflict": "plana-secrets resolve {file}",
    **dict.fromkeys(
        ("too-large", "symlink", "not-a-regular-file", "unreadable-file", "unread-format"),
        "plana-secrets verify {file}",
    ),
}


def _kept_edits(context: Context, files: Sequence[str], work: Work) -> None:
    import os

    from plana_secrets.secretfiles.editing.kept import files_with_kept_edits

    kept = files_with_kept_edits(context.workspace, files)
    work.facts["kept_edits"] = kept
    for file in kept:
        text, name = f"an edit that was not written: {file}", shlex.quote(file)
        next_command = f"plana-secrets edit {name} --continue"
        if not os.path.lexists(context.repository.root / file):
            head = context.repository.head()
            known = head and context.repository.list_entries(head, under=[file])
            text += ", which is gone"
            next_command = f"git checkout HEAD -- {name}" if known else f"plana-secrets new {name}"
        work.add(Line(text, next_command))


def _tracking(context: Context, branch: str | None, work: Work) -> None:
    """Ahead, behind, diverged; and moves of keysets that the deployed branch does not have."""
    from plana_secrets.git.tracking import compare_with_upstream

    found = compare_with_upstream(context.repository, branch)
    work.facts |= {"upstream": None, "ahead": 0, "behind": 0, "unpushed_keysets": []}
    if found is None:
        return
    work.facts |= {"upstream": found.upstream, "ahead": found.ahead, "behind": found.behind}
    ahead, behind = counted(found.ahead, "commit"), counted(found.behind, "commit")
    if found.is_diverged:
        text = f"diverged from {found.upstream}: {ahead} here, {behind} there"
        work.add(Line(text, "git pull --rebase", "red"))
    elif found.ahead:
        work.add(Line(f"ahead of {found.upstream} by {ahead}", "git push"), is_open=False)
    elif found.behind:
        work.add(Line(f"behind {found.upstream} by {behind}", "git pull"), is_open=False)
    names = _unpushed(context, found.ref) if found.ahead else []
    work.facts["unpushed_keysets"] = names
    for name in names:
        text = f"{name}: a move is not pushed; its waits have not begun"
        work.add(Line(text, "git pull --rebase" if found.behind else "git push"))


def _unpushed(context: Context, upstream: str) -> list[str]:
    if not context.settings.keysets:
        return []
    from plana_secrets.git.changes import changes
    from plana_secrets.git.trees import CommitTree
    from plana_secrets.rotation.keysetfile import file_of

    repository, folder = context.repository, context.settings.files.keysets
    there, here = (CommitTree(repository, one) for one in (upstream, repository.head()))
    changed = changes(there, here, under=[folder])
    return [one.name for one in context.settings.keysets if file_of(folder, one.name) in changed]


def _keysets(context: Context, work: Work) -> None:
    """Those that may move now, or cannot."""
    if not context.settings.keysets:
        work.facts["due"] = []
        return
    from plana_secrets.rotation.plan import Phase
    from plana_secrets.rotation.status import outline_keysets

    due = []
    for one in outline_keysets(context.workspace, context.in_force.policies, context.now):
        name = shlex.quote(one.name)
        if one.problem == "not-initialised":
            work.add(
                Line(f"{one.name}: no keyset yet", f"plana-secrets rotate init {name} --fresh")
            )
        elif one.problem or one.phase is Phase.BLOCKED:
            work.add(Line(f"{one.name}: blocked", f"plana-secrets rotate plan {name}", "red"))
        elif one.next and one.next.waiting_for is None:
            due.append(one.name)
            text = f"{one.name}: {one.next.move} is due"
            work.add(Line(text, f"plana-secrets rotate run {name}"))
    work.facts["due"] = due


def _mirror(context: Context, work: Work) -> None:
    from plana_secrets.mirror.lastseen import recall

    work.facts["damaged_mirrors"] = _damaged_mirrors(context, work)
    names = context.settings.mirror.backend
    recalled = [recall(context.repository, name) for name in names]
    every = [seen for seen in recalled if seen is not None]
    for seen in every:
        name = "the mirror" if len(names) == 1 else f"the mirror {seen.backend}"
        _mirror_seen(context, work, seen, name)
    facts = [_seen_object(seen) for seen in every]
    work.facts["mirror"] = max(facts, key=_drift_of, default=None)
    if len(names) > 1:
        work.facts["mirrors"] = facts


def _unmapped(context: Context, on_disk: Snapshot, work: Work) -> None:
    """Files for which a mirror has no place: to be known, as they may be meant so."""
    work.facts["unmapped"] = []
    mirror = context.settings.mirror
    if not mirror.used:
        return
    from plana_secrets.cli.commands.mirror.comparison import surroundings
    from plana_secrets.mirror.open import never_mirrored
    from plana_secrets.mirror.source import unmapped_files

    never = never_mirrored(mirror, surroundings(context))
    for backend in mirror.used:
        files = unmapped_files(on_disk, mirror, backend, never=never)
        work.facts["unmapped"] += [{"backend": backend.name, "file": file} for file in files]
        for file in files[:_NAMED]:
            text = f"not mirrored: mirror.{backend.name} has no place for {file}"
            work.add(Line(text), is_open=False)
        if len(files) > _NAMED:
            more = counted(len(files) - _NAMED, "more file")
            command = "plana-secrets mirror status"
            work.add(Line(f"not mirrored: {more}", command), is_open=False)


def _damaged_mirrors(context: Context, work: Work) -> list[str]:
    if not context.settings.mirror.used:
        return []
    from plana_secrets.cli.commands.mirror.comparison import surroundings

    place, found = surroundings(context), []
    for backend in context.settings.mirror.used:
        if damage := backend.find_damage(place):
            found.append(backend.name)
            work.add(Line(damage, "plana-secrets mirror status", "red"))
    return found


def _drift_of(seen: dict[str, Any]) -> int:
    return int(seen["drift"])


def _seen_object(seen: LastSeen) -> dict[str, Any]:
    at = seen.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"backend": seen.backend, "drift": seen.drift, "commit": seen.commit, "at": at}


def _mirror_seen(context: Context, work: Work, seen: LastSeen, name: str) -> None:
    from plana_secrets.cli.times import relative

    is_old = seen.commit != context.repository.head()
    when = relative(seen.at, context.now)
    if seen.drift:
        text = f"{name}, seen {when}, had {counted(seen.drift, 'difference')}"
        work.add(Line(text, "plana-secrets mirror diff"))
    elif is_old:
        text = f"{name}, seen {when}, was in sync with another commit"
        work.add(Line(text, "plana-secrets mirror status"), is_open=False)
