"""Which commits are of a rotation: those whose whole diff is keyset files and rendered leaves.

What a run pushes is its own work, or that of an earlier run that did not push. All else on
the branch is a person's to push. Nothing here needs an identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from plana_secrets.git.history import Commit, FileChange, list_changes, list_commits
from plana_secrets.paths import LeafPath
from plana_secrets.rotation.keyset import CLOCK_TOLERANCE, Keyset
from plana_secrets.rotation.keysetfile import file_of, parse_keyset
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.targets import targets_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.model import Structure
from plana_secrets.sops.reading.reader import read_structure

_MESSAGE: Final = re.compile(
    r"Rotate ([^\n:]+): [^\n]+\n\nRotation r[0-9a-f]{16}, version [0-9]+\.\n*"
)
_RECENT: Final = 20


def describe_commit(keyset: Keyset, what: str) -> str:
    """The message of a commit that changes ``keyset``."""
    facts = f"Rotation {keyset.rotation_id}, version {keyset.version}."
    return f"Rotate {keyset.name}: {what}\n\n{facts}\n"


@dataclass(frozen=True, slots=True)
class Ours:
    """What belongs to the keysets of ``policies`` in the history of a repository."""

    workspace: Workspace
    policies: Sequence[KeysetPolicy]

    def first_foreign(self, base: str | None, head: str) -> Commit | None:
        """The newest commit of ``head`` that is not in ``base`` and not of a rotation."""
        commits = list_commits(self.workspace.repository.command, head, without=base)
        return next((one for one in commits if not self.is_ours(one)), None)

    def newest_move(self, head: str | None, now: datetime) -> tuple[str, datetime] | None:
        """Of the newest move commit of ``head``, the keyset and the time by the clock of its run.

        A commit that says so and is in the future has to be one, file by file: no other
        commit stops a rotation by its date. A clone may be too shallow to tell.
        """
        if head is None:
            return None
        folder = self.workspace.settings.keysets
        git = self.workspace.repository.command
        for commit in list_commits(git, head, under=[folder], limit=_RECENT):
            words = _MESSAGE.fullmatch(commit.message)
            if words and (commit.date <= now + CLOCK_TOLERANCE or self.is_ours(commit)):
                return words.group(1), commit.date
        return None

    def is_ours(self, commit: Commit) -> bool:
        if len(commit.parents) != 1:
            return False
        changes = list_changes(self.workspace.repository.command, commit.parents[0], commit.id)
        return bool(changes) and all(self._is_of_a_move(change) for change in changes)

    def _is_of_a_move(self, change: FileChange) -> bool:
        leaves = self._leaves().get(change.file)
        if leaves is None or not (change.is_edit or (leaves == set() and change.is_new_file)):
            return False
        ids = [change.new_id] + ([change.old_id] if change.is_edit else [])
        contents = self.workspace.repository.read_objects(ids)
        new = read_structure(contents[change.new_id])
        if leaves == set() and not isinstance(parse_keyset(new), Keyset):
            return False
        if not change.is_edit:
            return True
        old = read_structure(contents[change.old_id])
        return _same_metadata(old, new) and (
            leaves == set() or list(_others(old, leaves)) == list(_others(new, leaves))
        )

    def _leaves(self) -> dict[str, set[LeafPath]]:
        """By file, the paths that moves change; the empty set for a keyset file: any."""
        leaves: dict[str, set[LeafPath]] = {}
        for policy in self.policies:
            for target in targets_of(policy):
                leaves.setdefault(target.file, set()).add(target.path)
        folder = self.workspace.settings.keysets
        return leaves | {file_of(folder, policy.name): set() for policy in self.policies}


def _same_metadata(old: Structure, new: Structure) -> bool:
    """Whether a file is for the same readers, by the same data key and the same selector."""
    if old.metadata is None or new.metadata is None or not (old.is_sound and new.is_sound):
        return False
    readers = [
        ([(one.recipient, one.enc) for one in data.recipients], data.selector, data.other_keys)
        for data in (old.metadata, new.metadata)
    ]
    return readers[0] == readers[1]


def _others(structure: Structure, leaves: set[LeafPath]) -> Iterable[object]:
    """Every item but the rendered leaves; the ciphertext of a leaf that stays is the same."""
    return (replace(item, line=0) for item in structure.items if item.path not in leaves)
