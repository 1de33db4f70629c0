"""What kind a secret file is: it follows from the selector of its creation rule."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from plana_secrets.paths import LeafPath
from plana_secrets.sops.model import Document, Selector
from plana_secrets.sops.rules.selectors import DEFAULT_SUFFIX


class FileKind(StrEnum):
    """The words of ``ls`` and of the documentation."""

    PLAIN_MAP = "plain-map"
    SECRET_MANIFEST = "kubernetes-secret"  # noqa: S105 - the name of a kind
    KEYSET = "keyset"
    OTHER = "other"


PLAIN_MAP_SELECTOR: Final = Selector()
SECRET_MANIFEST_SELECTOR: Final = Selector("encrypted_regex", "^(data|stringData)$")
ENTRIES: Final = ("stringData", "data")
"""Where the entries of a Secret are; a new one goes to the first that the file has."""
KEYSET_SELECTOR: Final = Selector("encrypted_regex", "^value$")


def canonical_selector(selector: Selector) -> Selector:
    """sops writes its default into a file by name; a rule leaves it out: one meaning."""
    if selector == Selector("unencrypted_suffix", DEFAULT_SUFFIX):
        return PLAIN_MAP_SELECTOR
    return selector


def kind_of(selector: Selector) -> FileKind:
    """The kind that a selector means."""
    return _KINDS.get(canonical_selector(selector), FileKind.OTHER)


_KINDS: Final = {
    PLAIN_MAP_SELECTOR: FileKind.PLAIN_MAP,
    SECRET_MANIFEST_SELECTOR: FileKind.SECRET_MANIFEST,
    KEYSET_SELECTOR: FileKind.KEYSET,
}


def is_base64_at(selector: Selector, path: LeafPath) -> bool:
    """Whether a value at ``path`` is base64: what is in the ``data`` of a Kubernetes Secret is."""
    return kind_of(selector) is FileKind.SECRET_MANIFEST and path[0] == "data"


def kind_of_document(document: Document) -> FileKind:
    """The kind that the metadata of a file means."""
    metadata = document.structure.metadata
    return kind_of(metadata.selector) if metadata else FileKind.OTHER


def is_secret_manifest(document: Document) -> bool:
    """Whether a file is a Kubernetes Secret."""
    return kind_of_document(document) is FileKind.SECRET_MANIFEST


def is_base64_in(document: Document, path: LeafPath) -> bool:
    """As ``is_base64_at``, by what the file itself says."""
    return is_secret_manifest(document) and path[0] == "data"
