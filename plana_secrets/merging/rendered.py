"""What keysets render, where both sides changed it: written by the keysets after the merge.

Two keysets can render one list. Where each side rotated another one, neither side has the keys of
both, and no person has to choose. Entries that no keyset owns are merged as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from plana_secrets.document.kinds import is_base64_at
from plana_secrets.document.references import SecretReference
from plana_secrets.errors import FailedError, MissingFileError, PlanaSecretsError
from plana_secrets.git.index import unmerged_stages
from plana_secrets.git.operation import Commits
from plana_secrets.merging.bypath import Combine
from plana_secrets.merging.keysets import keyset_after, parse_side
from plana_secrets.merging.sides import Side
from plana_secrets.paths import LeafPath
from plana_secrets.rotation.keyset import IN_USE, Key, Keyset, Status
from plana_secrets.rotation.keysetfile import file_of, read_keyset
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.render import decode_base64, expected_leaves
from plana_secrets.rotation.targets import targets_of
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import open_bytes, read_document_of
from plana_secrets.secretfiles.workspace import Workspace

Settled = Callable[[str], Keyset | None]
"""The keyset of a file as the merge left it on the disk; None where it is still to be merged."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """``policies`` are all that are configured. ``commits``: what is merged, if git tells."""

    workspace: Workspace
    policies: Sequence[KeysetPolicy]
    commits: Commits | None
    settled: Settled = lambda _file: None

    def of(self, file: str) -> Combine:
        """For one file: the value at a path that both sides changed, or None if it is asked."""
        return partial(self._value, file)

    def _value(self, file: str, path: LeafPath, values: Sequence[Secret | None]) -> Secret | None:
        place = SecretReference(file, path)
        owners = [one for one in self.policies if place in targets_of(one)]
        if not owners or self.commits is None:
            return None
        try:
            return self._render(place, owners, values)
        except PlanaSecretsError:
            return None  # a person sees both sides, and what is wrong with them

    def _render(
        self,
        place: SecretReference,
        owners: Sequence[KeysetPolicy],
        values: Sequence[Secret | None],
    ) -> Secret | None:
        merged: dict[str, Keyset] = {}
        known: list[Keyset] = []
        for policy in owners:
            file = file_of(self.workspace.settings.keysets, policy.name)
            sides = [self._side(file, commit) for commit in self._three()]
            now = self.settled(file) or keyset_after(*sides)
            if now is None:
                return None
            merged[policy.name] = now
            known += [now, *_keysets_of(sides)]
        is_base64 = is_base64_at(self.workspace.rule_for(place.file).selector, place.path)
        texts = [
            decode_base64(one, place, owners[0].name) if one is not None and is_base64 else one
            for one in values
        ]
        foreign = _foreign(place, owners, known, texts)
        leaves = expected_leaves(
            owners,
            merged,
            current=lambda one: foreign if one == place else None,
            is_base64=lambda one: is_base64 and one == place,
        )
        return next((leaf.value for leaf in leaves if leaf.reference == place), None)

    def _three(self) -> tuple[str | None, str, str]:
        commits = self.commits
        assert commits is not None  # noqa: S101 - it was asked for
        base = commits.base
        if commits.by_bases:
            base = self.workspace.repository.merge_base(commits.ours, commits.theirs)
        return base, commits.ours, commits.theirs

    def _side(self, file: str, commit: str | None) -> Side | None:
        data = self.workspace.repository.read_blob(commit, file) if commit else None
        if data is None:
            return None
        return Side(data, open_bytes(data, file, self.workspace.identities))


def settled_on_disk(workspace: Workspace) -> Settled:
    """What a person may have decided for a keyset already, or git merged without a question."""
    waiting = unmerged_stages(workspace.repository)

    def read(file: str) -> Keyset | None:
        if file in waiting:
            return None
        try:
            return read_keyset(read_document_of(workspace, file), file)
        except MissingFileError:
            return None

    return read


def _keysets_of(sides: Sequence[Side | None]) -> Iterator[Keyset]:
    parsed = (parse_side(side) for side in sides)
    return (keyset for keyset in parsed if keyset is not None)


def _foreign(
    place: SecretReference,
    owners: Sequence[KeysetPolicy],
    known: Sequence[Keyset],
    texts: Sequence[Secret | None],
) -> Secret | None:
    """The entries of a list that no keyset has or had, as one side has them.

    Raises:
        FailedError: both sides changed them, or they are no list (kind ``target-unreadable``).
    """
    claims = [claim for claim in owners[0].claims() if claim.place == place and claim.is_shared]
    if not claims:
        return None
    none_in_use = [replace(one, keys=tuple(map(_out_of_use, one.keys))) for one in known]
    try:
        base, ours, theirs = (
            owners[0].render_shared(claims[0].use, none_in_use, text).content for text in texts
        )
    except (ValueError, RecursionError):
        raise _unreadable(place, owners[0].name) from None
    if ours != theirs and base not in (ours, theirs):
        raise _unreadable(place, owners[0].name)
    return theirs if ours == base else ours


def _out_of_use(key: Key) -> Key:
    return replace(key, status=Status.DISABLED) if key.status in IN_USE else key


def _unreadable(place: SecretReference, name: str) -> FailedError:
    words = f"{place}: the entries without a keyset do not go together"
    return FailedError(words, kind="target-unreadable", place=str(place), name=name)
