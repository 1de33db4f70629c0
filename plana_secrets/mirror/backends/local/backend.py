"""A mirror without a server: one age-encrypted file, inside it a Bitwarden JSON export.

``age -d`` gives what any Bitwarden or Vaultwarden imports. Anyone who has an identity may
decrypt it, change it and encrypt it again: that is a hand edit, found like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets import limits
from plana_secrets.age.identities import Identities
from plana_secrets.age.recipients import (
    Recipient,
    encrypt_to,
    parse_recipient,
    usable_together,
)
from plana_secrets.errors import (
    CredentialError,
    MalformedError,
    MissingFileError,
    UsageError,
)
from plana_secrets.locks import NO_PATIENCE, Patience, locked
from plana_secrets.mirror.backend import (
    NOTHING_KNOWN,
    ActualItem,
    Desired,
    DesiredItem,
    Listing,
    Recall,
    Unsupported,
)
from plana_secrets.mirror.export import Export, RawItem, read_item, revision_of
from plana_secrets.mirror.itemerrors import ItemChangedError
from plana_secrets.mirror.surroundings import make_state_folder
from plana_secrets.storage import (
    is_temporary,
    read_regular_file,
    remove_file,
    replace_file,
)

_PRIVATE = 0o600


@dataclass(slots=True)
class LocalBackend:
    """Implements ``Backend`` over the file at ``path``.

    ``recipients``: who can open the file; none means the own identities. ``lock``: the
    file that keeps two runs apart.
    """

    path: Path
    lock: Path
    recipients: tuple[str, ...]
    find_identities: Callable[[], Identities]
    patience: Patience = NO_PATIENCE
    name: str = "local"
    item_size: int | None = None

    @property
    def requests(self) -> int:
        return 0

    def find_unsupported(self, item: DesiredItem) -> tuple[Unsupported, ...]:
        """Our file takes any text of any length."""
        del item
        return ()

    def list_items(self, recall: Recall = NOTHING_KNOWN) -> Listing:
        """All of it: the file is one ciphertext, and opening that is all the cost."""
        del recall
        export = self._open(self._read())
        items = [read_item(export, item) for item in export.items]
        ours = tuple(item for item in items if item is not None)
        return Listing(ours, foreign=len(items) - len(ours))

    def list_again(self, ids: Sequence[str]) -> None:
        """One call lists all."""

    def create_items(self, items: Sequence[Desired]) -> None:
        with self._changing() as export:
            export.items.extend([export.compose_item(item.opened()) for item in items])

    def update_item(self, actual: ActualItem, desired: DesiredItem) -> None:
        with self._changing() as export:
            position = _position(export.items, actual)
            export.items[position] = export.compose_item(desired, export.items[position])

    def delete_items(self, items: Sequence[ActualItem]) -> None:
        with self._changing() as export:
            for item in items:
                del export.items[_position(export.items, item)]

    @contextmanager
    def _changing(self) -> Iterator[Export]:
        """The export, written back at the end unless an error ended it.

        A person's own age knows nothing of the lock, so the file is looked at once more before.
        """
        recipients = self._recipients()
        make_state_folder(self.lock.parent)
        make_state_folder(self.path.parent)
        with locked(self.lock, command="mirror", patience=self.patience):
            self._sweep()
            before = self._read()
            export = self._open(before)
            yield export
            after = encrypt_to(export.to_text(), recipients)
            if self._read() != before:
                raise ItemChangedError(f"{self.path} was changed since it was read")
            replace_file(self.path, after, mode=_PRIVATE)

    def _sweep(self) -> None:
        """Remove what a killed run left beside the file; the lock proves that it is dead."""
        prefix = f".{self.path.name}."
        for path in self.path.parent.iterdir():
            if path.name.startswith(prefix) and is_temporary(path.name):
                remove_file(path)

    def _read(self) -> bytes | None:
        try:
            return read_regular_file(self.path, limit=limits.MIRROR_FILE)
        except MissingFileError:
            return None

    def _open(self, content: bytes | None) -> Export:
        if content is None:
            return Export.empty()
        try:
            opened = self.find_identities().unwrap(content)
        except MalformedError:
            raise self._damaged(f"{self.path} is damaged") from None
        if opened is None:
            raise CredentialError(
                f"none of your identities opens the mirror {self.path}",
                kind="no-identity-fits",
                file=str(self.path),
            )
        try:
            return Export.parse(opened)
        except MalformedError as error:
            raise self._damaged(f"{self.path}: {error.message}") from None

    def _damaged(self, message: str) -> MalformedError:
        return MalformedError(message, kind="malformed-mirror", file=str(self.path))

    def _recipients(self) -> list[Recipient]:
        own = self.find_identities().complete().recipients()
        if not own:
            raise CredentialError("no identity to read the mirror with", kind="no-identity")
        chosen = [parse_recipient(text) for text in self.recipients]
        chosen = chosen or usable_together([parse_recipient(text) for text in sorted(own)])
        if not own & {one.text for one in chosen}:
            raise UsageError(
                "mirror.local.recipients includes none of your identities",
                kind="mirror-not-readable",
            )
        return chosen


def _position(items: Sequence[RawItem], wanted: ActualItem) -> int:
    """Where the item is that was listed; a manual copy may have the same id."""
    for position, item in enumerate(items):
        if revision_of(item) == wanted.revision:
            return position
    raise ItemChangedError("an item was changed in the meantime", item=wanted.id)


ADVICE: Final = {
    "mirror-not-readable": "add your own recipient to mirror.local.recipients",
}
