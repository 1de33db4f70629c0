"""Creating many items over a few connections, each on its own.

One request an item: the server commits an item whole or removes what it had begun, while
an import commits rows that are in no collection when one of them fails. An answer that is
no clear success is doubtful. The sealed name of an item is the mark of its request
(``writer``), so the list of what is there decides whether it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from threading import Thread
from typing import Final, Self

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.mirror.backend import Desired, DesiredItem
from plana_secrets.mirror.backends.vaultwarden.answers import LostAnswerError
from plana_secrets.mirror.backends.vaultwarden.client import CONNECTIONS
from plana_secrets.mirror.backends.vaultwarden.items import blame_size
from plana_secrets.mirror.backends.vaultwarden.writer import SealedItem, Writer
from plana_secrets.mirror.itemerrors import ITEM_ERRORS, ItemNotWrittenError

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

    def run(self, items: Sequence[Desired], seal: Callable[[Desired], NewItem]) -> None:
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
        with _Crew(self._create) as crew:
            for item, trouble in crew.send(items):
                try:
                    if trouble is not None:
                        raise trouble
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


class _Crew:
    """Threads that each send one item at a time. Where a run is interrupted, it does not wait for
    the answers that are under way: a slow server would keep a person for half a minute.
    """

    def __init__(self, create: Callable[[NewItem], None]) -> None:
        self._create = create
        self._waiting: SimpleQueue[NewItem | None] = SimpleQueue()
        self._answered: SimpleQueue[tuple[NewItem, BaseException | None]] = SimpleQueue()
        self._threads: list[Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for _thread in self._threads:
            self._waiting.put(None)
        if kind is None or issubclass(kind, Exception):
            for thread in self._threads:
                thread.join()

    def send(self, items: Iterator[NewItem]) -> Iterator[tuple[NewItem, BaseException | None]]:
        """Each item once it is answered, and what went wrong; as many are under way as there are
        connections. Where the caller stops, no further one is sent.
        """
        running = 0
        while True:
            for item in islice(items, CONNECTIONS - running):
                running += 1
                if running > len(self._threads):
                    self._start()
                self._waiting.put(item)
            if not running:
                return
            yield self._answered.get()
            running -= 1

    def _start(self) -> None:
        thread = Thread(target=self._work, name=f"create-{len(self._threads)}", daemon=True)
        self._threads.append(thread)  # first: whatever a signal interrupts, it is told to end
        thread.start()

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            try:
                self._create(item)
            except BaseException as error:  # noqa: BLE001 - raised where the answers are read
                self._answered.put((item, error))
            else:
                self._answered.put((item, None))


def _not_written(item: NewItem, error: LostAnswerError) -> ItemNotWrittenError:
    return ItemNotWrittenError(error.message, file=item.file)
