"""A file of sops, opened by our reader."""

from __future__ import annotations

from plana_secrets.age.identities import Identities
from plana_secrets.sops.model import Document
from plana_secrets.sops.reading.reader import open_document, read_structure


def read_document(data: bytes, identities: Identities) -> Document:
    return open_document(read_structure(data), identities)
