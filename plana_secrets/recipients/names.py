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
    _names: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = {canonical_recipient(key): name for name, key in reversed(list(self.keys.items()))}
        object.__setattr__(self, "_names", names)

    def name_of(self, recipient: str) -> str | None:
        """The name of a recipient in its canonical spelling, or None."""
        return self._names.get(recipient)

    def names_of(self, recipient: str) -> list[str]:
        """All of its names: the settings may have a key twice."""
        return [name for name, key in self.keys.items() if canonical_recipient(key) == recipient]

    def shown(self, recipients: Iterable[str]) -> str:
        """Recipients for a sentence: those with a name first."""
        return ", ".join(
            f"{self._names[one]} ({shortened(one)})" if one in self._names else shortened(one)
            for one in sorted(recipients, key=lambda one: (self._names.get(one, "~"), one))
        )


def shortened(recipient: str) -> str:
    """Enough of a recipient to find it; post-quantum ones are thousands of letters long.

    What is not a recipient is not repeated: it may be a hidden secret.
    """
    if recipient_kind(recipient) is None:
        return "an invalid recipient"
    return recipient if len(recipient) <= _LONGEST else f"{recipient[:_SHOWN]}..."
