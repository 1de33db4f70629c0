"""Keysets and their targets as they are in the work tree, and the files that a change needs.

A store reads each file once and belongs to one decision: after a write a new one is
done, so that what is compared is what the disk holds.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from plana_secrets.document.edits import Edit, SetLeaf, Unset
from plana_secrets.document.kinds import FileKind, is_secret_manifest, kind_of
from plana_secrets.document.references import SecretReference, parse_reference
from plana_secrets.errors import FailedError, MalformedError, MissingFileError, UsageError
from plana_secrets.paths import format_path
from plana_secrets.rotation.history import KeysetHistory
from plana_secrets.rotation.inforce import NOTHING_LEFT, Left
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.keysetfile import file_of, plan_file_edits, read_keyset
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.remembered import find_held
from plana_secrets.rotation.render import (
    RenderedLeaf,
    decode_base64,
    expected_leaves,
    holds_key,
)
from plana_secrets.rotation.targets import targets_of
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.stage import StagedFile, stage_edits
from plana_secrets.sops.model import Document, LeafType
from plana_secrets.sops.rules.selectors import is_encrypted_path


class KeysetStore:
    """``policies`` are all that are configured: keysets may share an accepted list.

    ``commit``: the one to read the files from; None is the work tree.
    """

    def __init__(
        self,
        workspace: Workspace,
        policies: Sequence[KeysetPolicy],
        commit: str | None = None,
    ) -> None:
        self.workspace = workspace
        self.policies = tuple(policies)
        self.commit = commit
        self._contents: dict[str, bytes | None] = {}
        self._documents: dict[str, Document] = {}

    @cached_property
    def _by_name(self) -> Mapping[str, KeysetPolicy]:
        return {policy.name: policy for policy in self.policies}

    def policy(self, name: str) -> KeysetPolicy:
        """
        Raises:
            UsageError: no such keyset is configured (kind ``no-keyset``).
        """
        policy = self._by_name.get(name)
        if policy is None:
            raise UsageError(f"no keyset {name} is configured", kind="no-keyset", name=name)
        return policy

    def file(self, name: str) -> str:
        return file_of(self.workspace.settings.keysets, name)

    def files(self, name: str) -> list[str]:
        """The keyset file and the files of its targets."""
        targets = {reference.file for reference in targets_of(self.policy(name))}
        return [self.file(name), *sorted(targets)]

    def exists(self, name: str) -> bool:
        if self.commit is not None:
            return self.content(self.file(name)) is not None
        return os.path.lexists(self.workspace.root / self.file(name))

    def content(self, file: str) -> bytes | None:
        """The bytes of a file, None where there is none."""
        if file not in self._contents:
            self._contents[file] = self._read(file)
        return self._contents[file]

    def _read(self, file: str) -> bytes | None:
        if self.commit is not None:
            return self.workspace.repository.read_blob(self.commit, file)
        try:
            return read_bytes_of(self.workspace, file)
        except MissingFileError:
            return None

    def require(self, name: str) -> None:
        """
        Raises:
            FailedError: the keyset has no file yet (kind ``not-initialised``).
        """
        if not self.exists(name):
            raise FailedError(
                f"the keyset {name} has not been initialized", kind="not-initialised", name=name
            )

    def load(self, name: str) -> Keyset:
        """A keyset with its values.

        Raises:
            FailedError: it has no file yet (kind ``not-initialised``).
            MalformedError: its file is not of the schema, or says that it is another
                keyset (kind ``keyset-name``).
            CredentialError: no identity opens it.
        """
        policy, file = self.policy(name), self.file(name)
        self.require(name)
        keyset = read_keyset(self._document(file), file)
        if (keyset.name, keyset.kind) != (policy.name, policy.kind):
            raise MalformedError(
                f"{file}: it is the keyset {keyset.name} of kind {keyset.kind}",
                kind="keyset-name",
                file=file,
            )
        return keyset

    def expected(self, keyset: Keyset, *, replace: bool = False) -> tuple[RenderedLeaf, ...]:
        """What every target of ``keyset`` has to hold; the others as they are on the disk.

        ``replace``: what is at an accepted place but is no list counts as nothing.
        """
        related = self._related(keyset.name)
        keysets = {one.name: self.load(one.name) for one in related if self.exists(one.name)}
        keysets[keyset.name] = keyset
        leaves = expected_leaves(
            related,
            keysets,
            current=self.text_at,
            is_base64=self._is_base64,
            replace_unreadable=replace,
        )
        return tuple(leaf for leaf in leaves if keyset.name in leaf.keysets)

    def _related(self, name: str) -> list[KeysetPolicy]:
        ours = set(targets_of(self.policy(name)))
        return [one for one in self._by_name.values() if ours & set(targets_of(one))]

    def differences(self, leaves: Iterable[RenderedLeaf]) -> list[RenderedLeaf]:
        """Those of ``leaves`` that are not what the files hold."""
        return [leaf for leaf in leaves if not self._matches(leaf)]

    def occupied(self, leaf: RenderedLeaf) -> bool:
        """Whether something is there that is not what it has to be."""
        found = self._find(leaf.reference)
        vacant = found is None or found[0] is LeafType.NULL or found[1].is_empty
        return not vacant and not self._matches(leaf)

    def text_at(self, reference: SecretReference) -> Secret | None:
        """The text that services read from a leaf, decoded where it is base64."""
        found = self._find(reference)
        if found is None or found[0] is LeafType.NULL:
            return None
        if not self._is_base64(reference):
            return found[1]
        owners = (one.name for one in self.policies if reference in targets_of(one))
        return decode_base64(found[1], reference, next(owners, None))

    def left(self, keyset: Keyset) -> Left:
        """Recorded places that the settings do not name any more and that still hold a key."""
        if keyset.terms is None:
            return NOTHING_LEFT
        configured = {str(place) for place in targets_of(self.policy(keyset.name))}

        def still_hold(places: Iterable[str]) -> tuple[str, ...]:
            left = (parse_reference(place) for place in places if place not in configured)
            held = (find_held(self, place, keyset) for place in left)
            return tuple(str(place) for place in held if place and str(place) not in configured)

        return Left(still_hold(keyset.terms.readers), still_hold(keyset.terms.adopted))

    def secret_files(self) -> tuple[str, ...]:
        """Those of the work tree."""
        return work_tree(self.workspace).secret_files

    def holds(self, place: SecretReference, keyset: Keyset) -> bool:
        """Whether what services read at ``place`` has a key of ``keyset`` in it."""
        found = self._find(place)
        if found is None or found[0] is LeafType.NULL:
            return False
        texts = [found[1]]
        with contextlib.suppress(MalformedError):
            texts.append(decode_base64(found[1], place))
        return any(holds_key(text, keyset) for text in texts)

    @cached_property
    def history(self) -> KeysetHistory:
        """What the commits up to HEAD say of the configured keysets."""
        files = [self.file(policy.name) for policy in self.policies]
        return KeysetHistory(self.workspace.repository, files)

    def stage_move(self, before: Keyset, after: Keyset) -> tuple[StagedFile, ...]:
        """The keyset file and every target, as they are after a move.

        Raises:
            FailedError: a target does not hold what ``before`` renders (kind
                ``target-differs``): the waits say nothing about what services read then.
        """
        differing = self.differences(self.expected(before))
        _refuse(after, "target-differs", "does not match its keyset", differing)
        return self._stage(before, after, self.expected(after))

    def stage_rendering(
        self, before: Keyset | None, after: Keyset, *, replace: bool
    ) -> tuple[StagedFile, ...]:
        """The keyset file, and every target filled that holds nothing; a list is added to.

        Raises:
            FailedError: a target holds another value (kind ``target-occupied``), unless
                ``replace``; or its file is missing (kind ``target-missing``).
        """
        leaves = self.expected(after, replace=replace)
        if not replace:
            present = self.expected(before) if before else leaves
            occupied = [leaf for leaf in present if not leaf.merges and self.occupied(leaf)]
            _refuse(after, "target-occupied", "already has another value", occupied)
        return self._stage(before, after, leaves)

    def replaced(self, new: Keyset) -> tuple[str, ...]:
        """The places whose value the first rendering of ``new`` would take from its readers."""
        leaves = self.expected(new, replace=True)
        return tuple(
            str(leaf.reference)
            for leaf in leaves
            if (self._is_no_list(new, leaf) if leaf.merges else self.occupied(leaf))
        )

    def _is_no_list(self, new: Keyset, leaf: RenderedLeaf) -> bool:
        """Whether what is at an accepted place would be lost: it is of another format."""
        try:
            self.expected(new)
        except MalformedError as error:
            return error.facts.get("place") == str(leaf.reference)
        return False

    def _stage(
        self, before: Keyset | None, after: Keyset, leaves: Iterable[RenderedLeaf]
    ) -> tuple[StagedFile, ...]:
        self._check_rule(self.file(after.name))
        edits: dict[str, list[Edit]] = {}
        for leaf in self.differences(leaves):
            edits.setdefault(leaf.reference.file, []).append(self._edit(leaf))
        own = stage_edits(
            self.workspace,
            self.file(after.name),
            plan_file_edits(before, after),
            create=before is None,
            by_rotation=True,
        )
        return own, *(
            stage_edits(self.workspace, file, changes, by_rotation=True)
            for file, changes in sorted(edits.items())
        )

    def _check_rule(self, file: str) -> None:
        """By another rule the file would be unreadable, or its values readable."""
        if kind_of(self.workspace.rule_for(file).selector) is not FileKind.KEYSET:
            raise UsageError(
                f"the creation rule of {file} is not for keyset files",
                kind="keyset-rule",
                file=file,
            )

    def _edit(self, leaf: RenderedLeaf) -> Edit:
        path = leaf.reference.path
        if leaf.value is None:
            return Unset(path)
        selector = self.workspace.rule_for(leaf.reference.file).selector
        if not is_encrypted_path(selector, path):
            raise UsageError(
                f"{leaf.reference}: the value would be unencrypted in the file",
                kind="readable-path",
                path=format_path(path),
            )
        return SetLeaf(path, leaf.value, LeafType.STR)

    def _matches(self, leaf: RenderedLeaf) -> bool:
        found = self._find(leaf.reference)
        if leaf.value is None or found is None:
            return leaf.value is None and found is None
        return found[0] is LeafType.STR and found[1] == leaf.value

    def _is_base64(self, reference: SecretReference) -> bool:
        """By the file itself: a rule of today says nothing about what services read."""
        return reference.path[0] == "data" and is_secret_manifest(self._document(reference.file))

    def _find(self, reference: SecretReference) -> tuple[LeafType, Secret] | None:
        found = self._document(reference.file).find(reference.path)
        return (found[0].type, found[1]) if found else None

    def _document(self, file: str) -> Document:
        if file not in self._documents:
            content = self.content(file)
            if content is None:
                raise FailedError(
                    f"a target is in a missing file: {file}",
                    kind="target-missing",
                    file=file,
                )
            self._documents[file] = open_bytes(content, file, self.workspace.identities)
        return self._documents[file]


def _refuse(keyset: Keyset, kind: str, what: str, leaves: Sequence[RenderedLeaf]) -> None:
    if leaves:
        places = ", ".join(str(leaf.reference) for leaf in leaves)
        raise FailedError(f"{what}: {places}", kind=kind, name=keyset.name, places=places)


ADVICE: Final = {
    "keyset-name": "restore the file from git; keyset files are written only by `rotate`",
    "keyset-rule": "add a rule with encrypted_regex ^value$ for it at the top of .sops.yaml",
    "no-keyset": 'add [keysets."{name}"] to plana-secrets.toml',
    "not-initialised": (
        "run `plana-secrets rotate init {name} --fresh` for a new value; pass "
        "--adopt FILE#PATH to start from the value that services use today"
    ),
    "target-differs": (
        "restore the file from git, or write the targets again with `plana-secrets "
        "rotate init {name} --replace`"
    ),
    "target-missing": "create it with `plana-secrets new {file}`",
    "target-occupied": "--replace overwrites it; --adopt FILE#PATH starts from what is there",
}
