"""What a backend raises when it cannot write an item, and why that stops no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from plana_secrets.errors import (
    ConflictError,
    CredentialError,
    FailedError,
    PlanaSecretsError,
    UnavailableError,
)


class ItemChangedError(ConflictError):
    """An item is no longer as it was listed, or is gone."""

    default_kind = "item-changed"


class ItemTooLargeError(FailedError):
    """The server takes no item, or no request, of this size."""

    default_kind = "item-too-large"


class ItemNotWrittenError(UnavailableError):
    """One item was not written, without a reason, while the server answers otherwise."""

    default_kind = "item-not-written"


class NotWritableError(CredentialError):
    """The account may not write this item, or to this place."""

    default_kind = "mirror-read-only"


ITEM_ERRORS: Final = (ItemChangedError, FailedError, ItemNotWrittenError, NotWritableError)
"""Trouble with one item, which stops no other."""


class ItemsRefusedError(PlanaSecretsError):
    """Some items could not be written; all others of the call were.

    ``errors``: why, by file (by the item's id where its file is not known).
    """

    default_kind = "items-refused"

    def __init__(self, errors: Mapping[str, PlanaSecretsError]) -> None:
        files = ", ".join(sorted(errors))
        super().__init__(f"could not be written: {files}", files=sorted(errors))
        self.errors = errors


ADVICE: Final = {
    "item-changed": "run it again to finish; the other items are done",
    "item-not-written": "look at the server's log, and run it again",
    "item-too-large": (
        "if a proxy is before the server, raise its limit for request bodies (client_max_body_size "
        "in nginx); else split the file, or exclude it with mirror.exclude"
    ),
    "items-refused": "the other items are done; fix these and run it again",
    "mirror-read-only": "only the service account syncs; it needs 'edit items' on the collection",
}
