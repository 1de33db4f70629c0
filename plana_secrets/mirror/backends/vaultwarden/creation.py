"""Creating many items over a few connections, each on its own.

One request an item: the server commits an item whole or removes what it had begun, while
an import commits rows that are in no collection when one of them fails. An answer that is
no clear success is doubtful. The sealed name of an item is the mark of its request
(``writer``), so the list of what is there decides whether it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Final

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.mirror.backend import ITEM_ERRORS, DesiredItem, ItemNotWrittenError
from plana_secrets.mirror.backends.vaultwarden.answers import LostAnswerError
from plana_secrets.mirror.backends.vaultwarden.client import CONNECTIONS
from plana_secrets.mirror.backends.vaultwarden.items import blame_size
from plana_secrets.mirror.backends.vaultwarden.writer import SealedItem, Writer

_TRIES: Final = 3
_SILENCE: Final = 3 * CONNECTIONS
"""After so many doubtful answers in a row: does the server answer anything at all?"""


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item on its way: sealed once, so that its mark stays the same."""

    desired: DesiredItem
    sealed: SealedItem
    collection: str

    @property
    def file(self) -> str:
        return self.desired.file

    @property
    def mark(self) -> str:
        return str(self.sealed["name"])


class Creation:
    """One run of creations. ``tell`` hears how many items are done."""

    def __init__(self, writer: Writer, tell: Callable[[int], None]) -> None:
        self._writer = writer
        self._tell = tell
        self._done = 0
        self._refused: dict[str, PlanaSecretsError] = {}

    def run(self, items: Sequence[DesiredItem], seal: Callable[[DesiredItem], NewItem]) -> None:
        """Create the items; ``refused`` says what could not be.

        Raises:
            PlanaSecretsError: the server does not answer, or takes nothing from us.
        """
        doubtful = self._send(seal(item) for item in items)
        for _ in range(_TRIES - 1):
            doubtful = self._send(iter(self._look(doubtful)))
        for item in self._look(doubtful):
            error = _not_written(item, doubtful[item.mark][1])
            self._refused[item.file] = blame_size(error, item.sealed, item.desired)

    @property
    def refused(self) -> Mapping[str, PlanaSecretsError]:
        return self._refused

    def _look(self, doubtful: Mapping[str, tuple[NewItem, LostAnswerError]]) -> list[NewItem]:
        """Those of ``doubtful``, by their marks, that did not arrive."""
        if not doubtful:
            return []
        names = self._writer.settled_names()
        rest = [item for item, _ in doubtful.values() if item.mark not in names]
        self._count(len(doubtful) - len(rest))
        return rest

    def _send(self, items: Iterator[NewItem]) -> dict[str, tuple[NewItem, LostAnswerError]]:
        """Send each once; by their marks those of which no answer says whether they are there."""
        doubtful: dict[str, tuple[NewItem, LostAnswerError]] = {}
        silence = 0
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="create") as pool:
            for item, future in _in_flight(pool, items, self._create):
                try:
                    future.result()
                except LostAnswerError as error:
                    doubtful[item.mark] = item, error
                    silence += 1
                    if silence % _SILENCE == 0:
                        self._writer.names()
                except ITEM_ERRORS as error:
                    self._refused[item.file] = blame_size(error, item.sealed, item.desired)
                else:
                    silence = 0
                    self._count(1)
        return doubtful

    def _create(self, item: NewItem) -> None:
        self._writer.send_new(item.sealed, item.collection, file=item.desired.label)

    def _count(self, number: int) -> None:
        self._done += number
        self._tell(self._done)


def _in_flight(
    pool: ThreadPoolExecutor, items: Iterator[NewItem], create: Callable[[NewItem], None]
) -> Iterator[tuple[NewItem, Future[None]]]:
    """Each item once it is answered; as many are under way as there are connections.

    Where the caller stops, no further one is sent.
    """
    running: dict[Future[None], NewItem] = {}
    while True:
        for item in islice(items, CONNECTIONS - len(running)):
            running[pool.submit(create, item)] = item
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield running.pop(future), future


def _not_written(item: NewItem, error: LostAnswerError) -> ItemNotWrittenError:
    return ItemNotWrittenError(error.message, file=item.file)
