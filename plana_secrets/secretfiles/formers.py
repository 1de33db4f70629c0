"""Former readers: who is no recipient of a file, but can open it with an older version.

`updatekeys` of sops changes the recipients and keeps the data key. Anyone who was a recipient
finds the old list in git, and the key in it opens today's file, too. Whether two versions have
one key is tried with today's, where one of our identities opens today's file. Without one, they
have if they share a wrapped key, as after `set`, or a ciphertext, as after `updatekeys`.

Most versions are not parsed: this looks for what sops writes, and judges nothing by it.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.errors import FailedError, MalformedError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.command import GitCommand
from plana_secrets.git.filelog import log_of_file
from plana_secrets.git.lineage import earlier_contents
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import Format, format_of
from plana_secrets.sops.reading.stanza import recipient_kind

if TYPE_CHECKING:
    from plana_secrets.age.identities import Identities

_RECIPIENT: Final = re.compile(rb"recipient\"?[ \t]*[:=][ \t]*[\"']?([^\"'\r\n]+)")
_WRAPPED: Final = re.compile(
    rb"-----BEGIN AGE ENCRYPTED FILE-----([A-Za-z0-9+/=\s\\]*)-----END AGE ENCRYPTED FILE-----"
)
_TOKEN: Final = re.compile(rb"(mac\"?[ \t]*[:=][ \t]*[\"']?)?(ENC\[AES256_GCM,[^\]]*\])")
_BREAK: Final = re.compile(rb"\\n|\s")

_HELD: Final = 500
_FEW: Final = 3
_TRIED: Final = 8

Reader = Callable[[Sequence[str]], Iterable[tuple[str, bytes | FailedError]]]
"""From files to their content today, in any order."""


@dataclass(frozen=True, slots=True)
class Former:
    """``readers``: recipients in canonical spelling, sorted. ``written``: how many values of
    today's file are in no version that names one of them."""

    readers: tuple[str, ...]
    written: int


def former_readers(workspace: Workspace, file: str, data: bytes) -> Former | None:
    """Those of one file with the content ``data``, as far as the history here goes."""
    try:
        return find_formers(workspace, [file], lambda _: [(file, data)]).get(file)
    except FailedError as error:
        if error.kind == "git-missing-object" or workspace.repository.is_partial():
            return None  # `verify` tells of it
        raise


def find_formers(
    workspace: Workspace, files: Sequence[str], read: Reader, *, head: str | None = None
) -> dict[str, Former]:
    """Those of many files, by few gits. Only the history of ``head`` counts, by default of
    HEAD: a reader who was added on another branch is not a former one.

    Raises:
        FailedError: git has not all versions, as in a partial clone.
    """
    git = workspace.repository.command
    head = head or workspace.repository.head()
    if head is None or not files:
        return {}
    past = _past(workspace, files, head)
    # a file for no recipient is broken, and that is told by its name
    today = {file: one.recipients for file, one in _seen(read(files)) if one.recipients}
    suspects = _with_others(git, past, today)
    keys = _DataKeys(workspace.identities)
    found: dict[str, Former] = {}
    for batch in _batches(suspects, past):
        ids = [one for file in batch for one in past[file]]
        versions = dict(_seen(iterate_contents(git, ids)))
        for file, one in _seen(read(batch)):
            earlier = [versions[each] for each in past[file] if each in versions]
            former = compare(one, earlier, keys.comparison(one, format_of(file)))
            if former is not None:
                found[file] = former
    return found


def _batches(files: Sequence[str], past: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Files whose versions are read by one git, and held in memory together."""
    batch: list[str] = []
    held = 0
    for file in files:
        batch.append(file)
        held += len(past[file])
        if held >= _HELD:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _past(workspace: Workspace, files: Sequence[str], head: str) -> Mapping[str, Sequence[str]]:
    """The blobs that each file was. To ask for all files at once takes as long as for all
    their folders, which is long for one."""
    git = workspace.repository.command
    if len(files) > _FEW:
        under = _places(workspace, files)
        return earlier_contents(git, files, head, under=under, at_any_time=True)
    commits = {file: list(log_of_file(git, file, head)) for file in files}
    return {
        file: list(dict.fromkeys(one for each in log for one in (each.new_id, each.old_id) if one))
        for file, log in commits.items()
    }


def _seen(contents: Iterable[tuple[str, bytes | FailedError]]) -> Iterator[tuple[str, Seen]]:
    for name, content in contents:
        if isinstance(content, bytes):
            yield name, Seen(content)


def _places(workspace: Workspace, files: Iterable[str]) -> list[str]:
    """The folders in which a file may have had another name."""
    roots = [root.strip("/") or "." for root in workspace.settings.roots]
    return [*roots, *(file for file in files if not is_under_roots(workspace.settings, file))]


def _with_others(
    git: GitCommand, past: Mapping[str, Sequence[str]], today: Mapping[str, frozenset[str]]
) -> list[str]:
    """The files of which an earlier version names a recipient that today's does not."""
    owners: dict[str, list[str]] = {}
    for file in today:
        for one in past[file]:
            owners.setdefault(one, []).append(file)
    found: set[str] = set()
    for one, version in _seen(iterate_contents(git, list(owners))):
        found.update(file for file in owners[one] if version.recipients - today[file])
    return sorted(found)


def compare(
    today: Seen, versions: Sequence[Seen], has_key: Callable[[Seen], bool | None]
) -> Former | None:
    """The former readers of ``today`` among those of ``versions``, newest first. Pure.

    ``has_key``: whether a version has today's data key, None where that cannot be tried.
    """
    readers: set[str] = set()
    written = today.tokens
    for version in _under_one_key(today, versions, has_key):
        others = version.recipients - today.recipients
        readers |= others
        if others:
            written -= version.tokens
    return Former(tuple(sorted(readers)), len(written)) if readers else None


def _under_one_key(
    today: Seen, versions: Sequence[Seen], has_key: Callable[[Seen], bool | None]
) -> Iterator[Seen]:
    """The versions whose data key is today's."""
    tokens, wrapped = set(today.all_tokens), set(today.wrapped)
    left = [(one, has_key(one)) for one in versions]
    before = -1
    while len(left) != before:  # a version may be linked to today's by another one
        before = len(left)
        rest: list[tuple[Seen, bool | None]] = []
        for version, known in left:
            if known or (known is None and _linked(version, tokens, wrapped)):
                tokens |= version.all_tokens
                wrapped.update(version.wrapped)
                yield version
            else:
                rest.append((version, known))
        left = rest


def _linked(version: Seen, tokens: set[bytes], wrapped: set[str]) -> bool:
    return not (tokens.isdisjoint(version.all_tokens) and wrapped.isdisjoint(version.wrapped))


@dataclass(frozen=True)
class Seen:
    """What of a version of a file can be seen without reading it."""

    data: bytes

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The recipients in their order, in canonical spelling."""
        found = (one.decode("utf-8", "replace").strip() for one in _RECIPIENT.findall(self.data))
        return tuple(canonical_recipient(one) for one in found if recipient_kind(one))

    @cached_property
    def recipients(self) -> frozenset[str]:
        return frozenset(self.labels)

    @cached_property
    def wrapped(self) -> tuple[str, ...]:
        """The body of each age file that has the data key, in base64."""
        return tuple(_BREAK.sub(b"", one).decode("ascii") for one in _WRAPPED.findall(self.data))

    @cached_property
    def tokens(self) -> frozenset[bytes]:
        """The encrypted values and comments."""
        return frozenset(one for mac, one in _TOKEN.findall(self.data) if not mac)

    @cached_property
    def all_tokens(self) -> frozenset[bytes]:
        """Those of ``tokens``, and the MAC."""
        return frozenset(one for _, one in _TOKEN.findall(self.data))


class _DataKeys:
    """Whether versions have one data key. Most have the same wrapped keys: each is tried once."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._tried: dict[tuple[str, str], bool | None] = {}

    @cached_property
    def _ours(self) -> frozenset[str]:
        return frozenset(self._identities.complete().recipients())

    def comparison(self, today: Seen, form: Format) -> Callable[[Seen], bool | None]:
        """What ``compare`` asks for a file of this format."""
        key = self._open(today)
        if key is None:
            return lambda _: None

        def has(version: Seen) -> bool | None:
            if not version.wrapped:
                return None
            both = today.wrapped[0], version.wrapped[0]
            if both not in self._tried:
                self._tried[both] = _opens(version.data, key, form)
            return self._tried[both]

        return has

    def _open(self, version: Seen) -> Secret | None:
        """The data key; None where no identity opens it."""
        for label, wrapped in zip(version.labels, version.wrapped, strict=False):
            if label in self._ours:
                with contextlib.suppress(MalformedError, ValueError):
                    return self._identities.unwrap(base64.b64decode(wrapped))
        return None


def _opens(data: bytes, key: Secret, form: Format) -> bool | None:
    """Whether ``key`` opens a value of ``data``; None where there is none to try."""
    from plana_secrets.sops.reading.crypto import Opener, additional_data
    from plana_secrets.sops.reading.reader import read_structure

    structure = read_structure(data, form)
    opener = Opener(key.reveal())
    tokens = [(one.token, one.path) for one in structure.leaves() if one.token is not None]
    if tokens:  # one may be at another path by hand
        opened = (opener.open(one, additional_data(path)) for one, path in tokens[:_TRIED])
        return any(one is not None for one in opened)
    metadata = structure.metadata
    if metadata is None or metadata.mac is None:
        return None
    return opener.open(metadata.mac, metadata.lastmodified.encode()) is not None
