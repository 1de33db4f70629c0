"""API keys: a provider accepts a list, each caller sends one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Literal, get_args

from plana_secrets.document.references import SecretReference
from plana_secrets.fields.reading import Fields, choice, set_of
from plana_secrets.fields.values import age_limit, duration, external_caller, reference
from plana_secrets.rotation.policy import (
    AcceptedList,
    Claim,
    KeysetPolicy,
    Reload,
    listed,
)
from plana_secrets.rotation.targets import slots_of

if TYPE_CHECKING:
    from plana_secrets.fields.place import Place
    from plana_secrets.rotation.keyset import Keyset, Material
    from plana_secrets.secret import Secret

ListFormat = Literal["json", "csv", "slots"]

_LEAST_BYTES: Final = 16
"""Adopted API keys are mostly hexadecimal or base64: less than this can be guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyPolicy(KeysetPolicy):
    """A keyset of X-API-Key values. ``accepted``, ``callers``: where they are read.

    ``drain``: the longest life of a process that read a value at its start (J).
    """

    kind: ClassVar[str] = "api-key"
    FIELDS: ClassVar[Fields] = {
        "accepted": set_of(reference),
        "callers": set_of(reference),
        "external_callers": set_of(external_caller),
        "format": choice(*get_args(ListFormat)),
        "reload": choice(*get_args(Reload)),
        "rollout": duration,
        "drain": duration,
        "max_age": age_limit,
        "grace": duration,
    }
    WAITS: ClassVar[tuple[str, ...]] = ("rollout", "drain", "grace")
    LIFETIME: ClassVar[str] = "drain"
    RETIRE_WAITS_FOR: ClassVar[str] = "drain"

    accepted: tuple[SecretReference, ...]
    callers: tuple[SecretReference, ...] = ()
    external_callers: tuple[str, ...] = ()
    format: ListFormat = "json"
    drain: timedelta = timedelta(hours=1)

    @property
    def awaited(self) -> tuple[str, ...]:
        return self.external_callers

    def check(self, place: Place) -> None:
        if self.format != "slots":
            return
        for position, one in enumerate(self.accepted):
            try:
                slots_of(one)
            except ValueError as error:
                raise place.field("accepted").item(position).fault(str(error)) from None

    def claims(self) -> Iterator[Claim]:
        if self.format == "slots":
            for claim in listed("accepted", self.accepted, "slots"):
                yield from (
                    Claim(claim.field, place, "slots") for place in slots_of(claim.place).values()
                )
        else:
            yield from listed("accepted", self.accepted, self.format, is_shared=True)
        yield from listed("callers", self.callers, "caller")

    def generate(self) -> Material:
        from plana_secrets.rotation.kinds.api_key import texts

        return texts.generate()

    def adopt(self, content: Secret) -> Material:
        from plana_secrets.rotation.kinds.api_key import texts

        return texts.adopt(content, in_csv=self.format == "csv")

    def render(
        self,
        keyset: Keyset,
        retire: timedelta,  # noqa: ARG002 - a list does not say when a key ends
    ) -> Iterator[tuple[SecretReference, Secret | None]]:
        from plana_secrets.rotation.kinds.api_key import texts

        for place in self.callers:
            yield place, keyset.active.value
        for place in self.accepted if self.format == "slots" else ():
            slots = slots_of(place)
            for status, suffix in texts.SLOTS.items():
                key = keyset.first(status)
                yield slots[suffix], key.value if key else None

    def render_shared(
        self, use: str, keysets: Sequence[Keyset], present: Secret | None
    ) -> AcceptedList:
        from plana_secrets.rotation.kinds.api_key import texts

        render = texts.render_json if use == "json" else texts.render_csv
        return render(keysets, present)

    @staticmethod
    def is_value(value: Secret) -> bool:
        from plana_secrets.rotation.kinds.api_key import texts

        return texts.is_value(value)

    @staticmethod
    def weakness(value: Secret) -> int | None:
        return _LEAST_BYTES if len(value.reveal()) < _LEAST_BYTES else None
