"""Where in ``plana-secrets.toml`` something is, and the error about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.secretfiles.settings import SETTINGS_FILE

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Place:
    """``keysets."a/b".accepted[0]``, spelled as TOML spells it; empty: the file as a whole."""

    text: str = ""

    def field(self, name: str) -> Place:
        spelled = spell(name)
        return Place(f"{self.text}.{spelled}" if self.text else spelled)

    def item(self, position: int) -> Place:
        return Place(f"{self.text}[{position}]")

    def fault(self, what: str) -> UsageError:
        """The error for what is wrong here; ``what`` holds no value of the file."""
        where = f"{SETTINGS_FILE}: {self.text}" if self.text else SETTINGS_FILE
        return UsageError(
            f"{where}: {what}", kind="bad-config", file=SETTINGS_FILE, place=self.text
        )


TOP: Final = Place()


def spell(name: str) -> str:
    """A name as TOML spells it; a very long one is cut."""
    short = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    if _BARE.fullmatch(short):
        return short
    import json

    return json.dumps(short, ensure_ascii=not short.isprintable())


ADVICE: Final = {
    "bad-config": ("fix it in plana-secrets.toml, then check it with `plana-secrets doctor`"),
}
