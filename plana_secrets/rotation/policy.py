"""What a ``[keysets."NAME"]`` table of the configuration says, and what a kind of keyset is.

A kind is one class below ``KeysetPolicy``, in a folder of its own in ``kinds``: it owns its
settings with their defaults, its values, its targets and the texts that services read.
Quick to load: what a kind does with values is loaded when it does it.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from plana_secrets.document.references import SecretReference

if TYPE_CHECKING:
    from plana_secrets.fields.place import Place
    from plana_secrets.fields.reading import Fields
    from plana_secrets.rotation.keyset import Keyset, Material
    from plana_secrets.secret import Secret

Reload = Literal["file", "restart", "manual"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A place that a keyset renders, the field of the settings that names it, and its use.

    ``is_shared``: keysets that use the place in the same way render it together.
    """

    field: str
    place: SecretReference
    use: str
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedList:
    """``foreign``: how many entries belong to no keyset."""

    content: Secret
    foreign: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysetPolicy(abc.ABC):
    """A keyset as the settings have it; its class is its kind.

    ``rollout``: the longest time from landing to the last pod that uses it (D);
    ``grace``: how long a disabled value is kept, so that ``reinstate`` can bring it back.
    """

    kind: ClassVar[str]
    FIELDS: ClassVar[Fields]
    """The settings of this kind."""
    WAITS: ClassVar[tuple[str, ...]]
    """The settings that are waits, in the order in which a keyset file records them."""
    LIFETIME: ClassVar[str]
    """The wait that says how long what a key was used for lives on."""
    RETIRE_WAITS_FOR: ClassVar[str]
    """The word for what retire waits for, one of ``plan.Waiting``."""

    name: str
    reload: Reload = "file"
    rollout: timedelta = timedelta(minutes=30)
    grace: timedelta = timedelta(days=7)
    max_age: timedelta = timedelta(days=90)

    @property
    def awaited(self) -> tuple[str, ...]:
        """Callers outside of the repository, who have to confirm."""
        return ()

    @property
    def single_readers(self) -> tuple[SecretReference, ...]:
        """Places that can hold one value only."""
        return ()

    def check(self, place: Place) -> None:  # noqa: B027 - most have nothing to check
        """
        Raises:
            UsageError: fields of the table at ``place`` do not fit one another.
        """

    @abc.abstractmethod
    def claims(self) -> Iterator[Claim]:
        """Every leaf that the keyset owns, alone or with others."""

    @abc.abstractmethod
    def generate(self) -> Material:
        """A new key from the generator of the operating system."""

    @abc.abstractmethod
    def adopt(self, content: Secret) -> Material:
        """A key from the value that services read today.

        Raises:
            FailedError: it cannot be a key of this kind (kind ``bad-adopted-value``).
        """

    @abc.abstractmethod
    def render(
        self, keyset: Keyset, retire: timedelta
    ) -> Iterator[tuple[SecretReference, Secret | None]]:
        """What has to be in the places that no other keyset shares; None: nothing may be.

        ``retire``: the wait before that move.
        """

    def render_shared(
        self, use: str, keysets: Sequence[Keyset], present: Secret | None
    ) -> AcceptedList:
        """What has to be in a place that ``keysets`` share.

        Raises:
            ValueError: what is ``present`` is of another format.
        """
        raise NotImplementedError

    @staticmethod
    @abc.abstractmethod
    def is_value(value: Secret) -> bool:
        """Whether a keyset file of this kind may hold ``value``."""

    @staticmethod
    @abc.abstractmethod
    def weakness(value: Secret) -> int | None:
        """How many bytes there should be, where there are fewer."""

    @staticmethod
    def spellings(value: Secret) -> frozenset[bytes]:
        """How services may read a value of a keyset file: as it is, and in JSON."""
        import json

        in_json = json.dumps(value.reveal_text(), ensure_ascii=False)[1:-1].encode()
        return frozenset({value.reveal(), in_json})


def listed(field: str, places: Sequence[SecretReference], use: str, **more: Any) -> Iterator[Claim]:
    """A claim to each place of a field that is a list."""
    for position, place in enumerate(places):
        yield Claim(f"{field}[{position}]", place, use, **more)
