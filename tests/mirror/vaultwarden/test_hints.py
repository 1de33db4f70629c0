"""Every error of the backend comes with advice."""

from __future__ import annotations

import re
from pathlib import Path

from plana_secrets.cli.hints import HINTS
from plana_secrets.mirror.backends import vaultwarden

FOLDER = Path(vaultwarden.__file__).parent


def test_every_kind_has_a_hint() -> None:
    code = "".join(path.read_text() for path in FOLDER.glob("*.py"))
    named = set(re.findall(r'\bkind="([a-z0-9-]+)"', code))
    assert len(named) > 30
    assert named - set(HINTS) == set()
