"""``[mirror.vaultwarden]``: a mirror in a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from plana_secrets.errors import CredentialError
from plana_secrets.fields.reading import Fields, list_of, mapping, text
from plana_secrets.fields.values import file, glob, glob_name
from plana_secrets.mirror.desk import SetupOption
from plana_secrets.mirror.settings import BackendSettings
from plana_secrets.mirror.tables import places_by_glob, url

if TYPE_CHECKING:
    from plana_secrets.mirror.backend import Backend
    from plana_secrets.mirror.desk import (
        AccessFinding,
        Desk,
        LoggedIn,
        LoginRequest,
        Setup,
        SetupRequest,
    )
    from plana_secrets.mirror.surroundings import Surroundings
    from plana_secrets.observability import Observer


VARIABLE: Final = "PLANA_SECRETS_VAULTWARDEN_CREDENTIALS"
_NOTES: Final = """\
\b
Nothing is created on the server. First, an owner does this in the web vault:
  1. create an organization, preferably for the mirror only: its owners and admins can
     write to every item
  2. create a collection for each set of files
  3. invite the service account with 'edit items' on these collections, and staff with
     'view items'; compare fingerprint phrases before confirming each member

\b
Examples:
  plana-secrets login --api-key --url https://vault.example.com
  plana-secrets mirror init vaultwarden --url https://vault.example.com \\
      --collection 'infra/secrets/prod/**=prod' --break-glass owner@example.com
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultwardenSettings(BackendSettings):
    """``collections`` maps globs of files to a collection's name or id, last match wins.

    ``logins``: globs of the files that are login items, if they have the parts of a login.
    ``credentials``: a credentials file, relative to the repository; ``ca_file`` likewise.
    ``key_fingerprint``: of the organization's key. A server can hand each member another
    key, which it knows; named here, it is told from the one that was set up.
    """

    name: ClassVar[str] = "vaultwarden"
    FIELDS: ClassVar[Fields] = {
        "url": url,
        "organization": text,
        "collections": mapping(glob_name, text),
        "logins": list_of(glob),
        "break_glass": list_of(text),
        "credentials": file,
        "ca_file": file,
        "key_fingerprint": text,
    }
    CREDENTIALS_VARIABLE: ClassVar[str | None] = VARIABLE
    HAS_ACCOUNTS: ClassVar[bool] = True
    HAS_OWNERS: ClassVar[bool] = True
    SETUP: ClassVar[tuple[SetupOption, ...]] = (
        SetupOption("url", "URL", "Server address.", is_required=True),
        SetupOption("organization", "ID", "Organization id or name; default: the only one."),
        SetupOption(
            "collection",
            "GLOB=COLLECTION",
            "Which files go into which collection; repeatable, also later.",
            pairs=True,
            field="collections",
        ),
        SetupOption(
            "break-glass",
            "EMAIL",
            "Email of an owner kept for emergencies; repeatable.",
            is_list=True,
        ),
        SetupOption("credentials", "FILE", "Credentials file of a job."),
        SetupOption("ca-file", "FILE", "CA certificate to trust (relative to the repository)."),
    )
    SETUP_NOTES: ClassVar[str] = _NOTES

    url: str
    organization: str
    collections: Mapping[str, str] = field(default_factory=dict)
    logins: tuple[str, ...] = ()
    break_glass: tuple[str, ...] = ()
    credentials: str | None = None
    ca_file: str | None = None
    key_fingerprint: str | None = None

    def open(self, surroundings: Surroundings) -> Backend:
        from plana_secrets.mirror.backends.vaultwarden.connect import open_backend

        return open_backend(self, surroundings)

    def is_login(self, file: str) -> bool:
        from plana_secrets.secretfiles.globs import glob_match

        return glob_match(self.logins, file)

    def places_of(self, files: Iterable[str]) -> Mapping[str, str | None]:
        return places_by_glob(self.collections, files)

    def describe(self, surroundings: Surroundings) -> str:
        from plana_secrets.mirror.accountfile import credentials_file

        root = surroundings.repository.root
        file_in_use = credentials_file(VARIABLE, self.credentials, surroundings.environment, root)
        if file_in_use is None:
            return f"vaultwarden at {self.url}, with the login in the keyring"
        if not file_in_use.exists():
            raise CredentialError(
                f"there is no credentials file {file_in_use}",
                kind="no-login",
                url=self.url,
            )
        return f"vaultwarden at {self.url}, with the credentials file {file_in_use}"

    def own_files(self, surroundings: Surroundings) -> Iterator[Path]:
        if self.credentials:
            yield surroundings.repository.root / self.credentials

    @classmethod
    def log_in(
        cls,
        settings: BackendSettings | None,
        request: LoginRequest,
        desk: Desk,
        *,
        find_root: Callable[[], Path],
        observer: Observer,
    ) -> LoggedIn:
        from plana_secrets.mirror.backends.vaultwarden import account

        assert settings is None or isinstance(settings, cls)  # noqa: S101
        return account.log_in(settings, request, desk, find_root, observer)

    @classmethod
    def log_out(
        cls, settings: BackendSettings | None, url: str | None, *, state_folder: Path
    ) -> LoggedIn:
        from plana_secrets.mirror.backends.vaultwarden import account

        assert settings is None or isinstance(settings, cls)  # noqa: S101
        return account.log_out(settings, url, state_folder)

    def audit(
        self, surroundings: Surroundings, service_account: str | None
    ) -> tuple[AccessFinding, ...]:
        from plana_secrets.mirror.backends.vaultwarden import account

        return account.audit(self, surroundings, service_account)

    def places_seen(self, surroundings: Surroundings, email: str) -> frozenset[str]:
        from plana_secrets.mirror.backends.vaultwarden import account

        return account.places_seen(self, surroundings, email)

    @classmethod
    def set_up(cls, request: SetupRequest, desk: Desk, surroundings: Surroundings) -> Setup:
        from plana_secrets.mirror.backends.vaultwarden import account

        return account.set_up(request, desk, surroundings)
