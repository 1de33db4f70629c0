"""JWT signing secrets: a JSON keyset for services, and one raw text for those not yet migrated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, get_args

from plana_secrets.document.references import SecretReference
from plana_secrets.fields.reading import Fields, choice, set_of
from plana_secrets.fields.values import age_limit, duration, reference
from plana_secrets.rotation.policy import Claim, KeysetPolicy, Reload, listed

if TYPE_CHECKING:
    from plana_secrets.rotation.keyset import Keyset, Material
    from plana_secrets.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtPolicy(KeysetPolicy):
    """A keyset of HS256 signing secrets. ``targets`` get the JSON keyset, ``raw_targets`` the text.

    ``max_token_lifetime`` is L, ``skew`` S, ``cache`` C of the guards.
    """

    kind: ClassVar[str] = "jwt-hs256"
    FIELDS: ClassVar[Fields] = {
        "targets": set_of(reference),
        "raw_targets": set_of(reference),
        "reload": choice(*get_args(Reload)),
        "rollout": duration,
        "max_token_lifetime": duration,
        "skew": duration,
        "cache": duration,
        "grace": duration,
        "max_age": age_limit,
    }
    WAITS: ClassVar[tuple[str, ...]] = ("rollout", "max_token_lifetime", "skew", "cache", "grace")
    LIFETIME: ClassVar[str] = "max_token_lifetime"
    RETIRE_WAITS_FOR: ClassVar[str] = "tokens"

    targets: tuple[SecretReference, ...]
    raw_targets: tuple[SecretReference, ...] = ()
    max_token_lifetime: timedelta = timedelta(minutes=15)
    skew: timedelta = timedelta(seconds=60)
    cache: timedelta = timedelta(0)

    @property
    def single_readers(self) -> tuple[SecretReference, ...]:
        return self.raw_targets

    def claims(self) -> Iterator[Claim]:
        yield from listed("targets", self.targets, "keyset")
        yield from listed("raw_targets", self.raw_targets, "raw")

    def generate(self) -> Material:
        from plana_secrets.rotation.kinds.jwt_hs256 import texts

        return texts.generate(as_text=bool(self.raw_targets))

    def adopt(self, content: Secret) -> Material:
        from plana_secrets.rotation.kinds.jwt_hs256 import texts

        return texts.adopt(content, as_text=bool(self.raw_targets))

    def render(
        self, keyset: Keyset, retire: timedelta
    ) -> Iterator[tuple[SecretReference, Secret | None]]:
        from plana_secrets.rotation.kinds.jwt_hs256 import texts

        whole = texts.render_keyset(keyset, retire)
        yield from ((place, whole) for place in self.targets)
        yield from ((place, texts.render_raw(keyset)) for place in self.raw_targets)

    @staticmethod
    def is_value(value: Secret) -> bool:
        from plana_secrets.rotation.kinds.jwt_hs256 import texts

        return texts.is_value(value)

    @staticmethod
    def weakness(value: Secret) -> int | None:
        from plana_secrets.rotation.kinds.jwt_hs256 import texts
        from plana_secrets.rotation.material import KEY_BYTES

        return KEY_BYTES if len(texts.key_bytes(value)) < KEY_BYTES else None

    @staticmethod
    def spellings(value: Secret) -> frozenset[bytes]:
        from plana_secrets.rotation.kinds.jwt_hs256 import texts

        return KeysetPolicy.spellings(value) | {texts.key_bytes(value)}
