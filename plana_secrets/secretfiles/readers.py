"""Who was removed from a file and still opens what is written to it.

``updatekeys`` takes a reader out of the header of a file and leaves its data key. git has
the old header, and with it that reader opens every later version, until the data key changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.filelog import log_of_file
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import format_of

if TYPE_CHECKING:
    from plana_secrets.git.repository import Repository
    from plana_secrets.sops.model import Document, Leaf, Metadata, Structure, Token

_RECIPIENT: Final = re.compile(rb"age1[0-9a-z]{10,}|ssh-[a-z0-9]+ [A-Za-z0-9+/=]+")
"""What may be a recipient in a file of any format; finding one too many costs a closer look."""


@dataclass(frozen=True, slots=True)
class OldHeader:
    """Who could read a version in git, and a ciphertext that only its data key opens."""

    readers: frozenset[str]
    token: Token
    additional: bytes

    def removed_from(self, document: Document) -> frozenset[str]:
        """Those of its readers that ``document`` has no more, where its data key is the same."""
        from plana_secrets.sops.reading.crypto import Opener

        metadata = document.structure.metadata
        gone = self.readers - (readers_of(metadata) if metadata else frozenset())
        if not gone:
            return gone
        opened = Opener(document.data_key.reveal()).open(self.token, self.additional)
        return frozenset() if opened is None else gone


def readers_of(metadata: Metadata) -> frozenset[str]:
    """The recipients of a file, each in one spelling."""
    return frozenset(canonical_recipient(one.recipient) for one in metadata.recipients)


def removed_readers(workspace: Workspace, file: str, document: Document) -> tuple[str, ...]:
    """Who can still open ``document``, the file as it is, by a header in the history of HEAD."""
    repository = workspace.repository
    head = repository.head()
    if head is None:
        return ()
    names = {
        one.new_id: one.file for one in log_of_file(repository.command, file, head) if one.new_id
    }
    metadata = document.structure.metadata
    now = readers_of(metadata) if metadata else frozenset()
    found: set[str] = set()
    for blob, content in iterate_contents(repository.command, list(names)):
        if isinstance(content, bytes) and not recipients_in(content) <= now:
            header = read_header(content, names[blob])
            found |= header.removed_from(document) if header else frozenset()
    return tuple(sorted(found))


def old_headers(
    repository: Repository, versions: Mapping[str, Iterable[str]]
) -> Iterator[tuple[str, OldHeader]]:
    """The headers of files by their blobs, newest first; of equal readers only the newest."""
    files: dict[str, list[str]] = {}
    for file, blobs in versions.items():
        for blob in blobs:
            files.setdefault(blob, []).append(file)
    seen: set[tuple[str, frozenset[str]]] = set()
    for blob, content in iterate_contents(repository.command, list(files)):
        if not isinstance(content, bytes):
            continue
        readers = recipients_in(content)
        for file in files[blob]:
            if (file, readers) in seen:
                continue
            seen.add((file, readers))
            header = read_header(content, file)
            if header is not None:
                yield file, header


def recipients_in(content: bytes) -> frozenset[str]:
    """Every text in a file that may be a recipient."""
    return frozenset(one.decode("ascii") for one in _RECIPIENT.findall(content))


def read_header(content: bytes, file: str) -> OldHeader | None:
    """The header of one version; None where there is nothing that a data key would open."""
    from plana_secrets.sops.reading.crypto import additional_data
    from plana_secrets.sops.reading.reader import read_structure

    structure = read_structure(content, format_of(file))
    metadata = structure.metadata
    if metadata is None:
        return None
    readers = readers_of(metadata)
    leaf = _encrypted_leaf(structure)
    if leaf is not None and leaf.token is not None:
        return OldHeader(readers, leaf.token, additional_data(leaf.path))
    if metadata.mac is not None:
        return OldHeader(readers, metadata.mac, metadata.lastmodified.encode())
    return None


def _encrypted_leaf(structure: Structure) -> Leaf | None:
    return next((leaf for leaf in structure.leaves() if leaf.token is not None), None)
