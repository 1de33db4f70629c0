"""One version of a file that is to be merged, opened. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.document.edits import Content, content_of
from plana_secrets.document.kinds import canonical_selector
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Document, Metadata, Selector


@dataclass(frozen=True)
class Side:
    """``data`` is what ``document`` was read from; its MAC held."""

    data: bytes
    document: Document

    @cached_property
    def content(self) -> Content:
        return content_of(self.document)

    @property
    def key(self) -> Secret:
        return self.document.data_key

    @property
    def metadata(self) -> Metadata:
        metadata = self.document.structure.metadata
        assert metadata is not None  # noqa: S101 - it was opened
        return metadata

    @cached_property
    def recipients(self) -> frozenset[str]:
        return frozenset(canonical_recipient(one.recipient) for one in self.metadata.recipients)

    def is_encrypted_by(self, selector: Selector) -> bool:
        """Whether the same values are encrypted, and by age alone, as ``selector`` says."""
        metadata = self.metadata
        if metadata.mac_only_encrypted or metadata.other_keys:
            return False
        return canonical_selector(metadata.selector) == canonical_selector(selector)
