"""Recipients by the names that the settings give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.sops.reading.stanza import recipient_kind

NEXT: Final = "-next"
"""What the settings put behind a name for the key that is to replace its own."""

_LONGEST = 90
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Names:
    """``keys``: name -> recipient, as in ``[recipients]``."""

    keys: Mapping[str, str]
    _names: Mapping[str, list[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names: dict[str, list[str]] = {}
        for name, key in self.keys.items():
            names.setdefault(canonical_recipient(key), []).append(name)
        object.__setattr__(self, "_names", names)

    def name_of(self, recipient: str) -> str | None:
        """The first name of a recipient in its canonical spelling, or None."""
        return next(iter(self.names_of(recipient)), None)

    def names_of(self, recipient: str) -> list[str]:
        """All of its names: the settings may have a key twice."""
        return list(self._names.get(recipient, ()))

    def shown(self, recipients: Iterable[str]) -> str:
        """Recipients for a sentence: those with a name first."""
        return ", ".join(
            f"{name} ({shortened(one)})" if (name := self.name_of(one)) else shortened(one)
            for one in sorted(recipients, key=lambda one: (self.name_of(one) or "~", one))
        )


def shortened(recipient: str) -> str:
    """Enough of a recipient to find it; post-quantum ones are thousands of letters long.

    What is not a recipient is not repeated: it may be a hidden secret.
    """
    if recipient_kind(recipient) is None:
        return "an invalid recipient"
    return recipient if len(recipient) <= _LONGEST else f"{recipient[:_SHOWN]}..."
