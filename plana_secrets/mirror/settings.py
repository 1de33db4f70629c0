"""What the ``[mirror]`` tables of the configuration say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

BackendName = Literal["none", "local", "vaultwarden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """``path`` relative to the repository; empty: the user's state folder, outside git.

    ``recipients``: who can open the mirror, in their canonical spelling; none: the own
    identities.
    """

    path: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultwardenSettings:
    """``collections`` maps globs of files to a collection's name or id, last match wins.

    ``credentials``: a credentials file, relative to the repository; ``ca_file`` likewise.
    ``key_fingerprint``: of the organization's key. A server can hand each member another
    key, which it knows; named here, it is told from the one that was set up.
    """

    url: str
    organization: str
    collections: Mapping[str, str] = field(default_factory=dict)
    break_glass: tuple[str, ...] = ()
    credentials: str | None = None
    ca_file: str | None = None
    key_fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorSettings:
    """``exclude``: globs of files that are never copied."""

    backend: BackendName = "none"
    branch: str | None = None
    exclude: tuple[str, ...] = ()
    local: LocalSettings = field(default_factory=LocalSettings)
    vaultwarden: VaultwardenSettings | None = None


ADVICE: Final = {
    "no-server": "pass --url, or run `plana-secrets mirror init vaultwarden --url URL`",
}
