"""Where a mirror can be: each is a folder here, and a row of the table.

``local`` is a file encrypted with age, ``vaultwarden`` and ``bitwarden_sm`` are servers. Each
passes tests/mirror/contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from plana_secrets.mirror.backends.bitwarden_sm.settings import BitwardenSmSettings
from plana_secrets.mirror.backends.local.settings import LocalSettings
from plana_secrets.mirror.backends.vaultwarden.settings import VaultwardenSettings
from plana_secrets.mirror.settings import BackendSettings

BACKENDS: Final[Mapping[str, type[BackendSettings]]] = {
    backend.name: backend for backend in (LocalSettings, VaultwardenSettings, BitwardenSmSettings)
}
