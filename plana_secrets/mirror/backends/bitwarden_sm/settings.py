"""``[mirror.bitwarden-sm]``: a mirror in Bitwarden Secrets Manager."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from plana_secrets.fields.reading import Fields, mapping, text
from plana_secrets.fields.values import file, glob_name
from plana_secrets.mirror.desk import SetupOption
from plana_secrets.mirror.settings import BackendSettings
from plana_secrets.mirror.tables import places_by_glob, url

if TYPE_CHECKING:
    from plana_secrets.mirror.backend import Backend
    from plana_secrets.mirror.desk import Desk, LoggedIn, LoginRequest, Setup, SetupRequest
    from plana_secrets.mirror.surroundings import Surroundings
    from plana_secrets.observability import Observer

VARIABLE: Final = "PLANA_SECRETS_BITWARDEN_SM_CREDENTIALS"
CLOUD_API: Final = "https://api.bitwarden.com"
CLOUD_IDENTITY: Final = "https://identity.bitwarden.com"

_NOTES: Final = """\
\b
For Bitwarden Secrets Manager, an administrator first does this in the web app:
  1. create a project for each set of files
  2. create a machine account that can read and write these projects, and an access token

\b
Examples:
  plana-secrets mirror init bitwarden-sm --organization ID --project 'infra/secrets/prod/**=prod'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BitwardenSmSettings(BackendSettings):
    """``projects`` maps globs of files to a project's name or id, last match wins.

    ``credentials``: a credentials file, relative to the repository; ``ca_file`` likewise.
    """

    name: ClassVar[str] = "bitwarden-sm"
    FIELDS: ClassVar[Fields] = {
        "api_url": url,
        "identity_url": url,
        "organization": text,
        "projects": mapping(glob_name, text),
        "credentials": file,
        "ca_file": file,
    }
    CREDENTIALS_VARIABLE: ClassVar[str | None] = VARIABLE
    HAS_ACCOUNTS: ClassVar[bool] = True
    SETUP: ClassVar[tuple[SetupOption, ...]] = (
        SetupOption("organization", "ID", "Organization id or name; default: the only one."),
        SetupOption(
            "project",
            "GLOB=PROJECT",
            "Which files go into which project; repeatable, also later.",
            pairs=True,
            field="projects",
        ),
        SetupOption("api-url", "URL", f"Address of the API; default: {CLOUD_API}."),
        SetupOption("identity-url", "URL", f"Address for logins; default: {CLOUD_IDENTITY}."),
        SetupOption("credentials", "FILE", "Credentials file of a job."),
        SetupOption("ca-file", "FILE", "CA certificate to trust (relative to the repository)."),
    )
    SETUP_NOTES: ClassVar[str] = _NOTES

    organization: str
    projects: Mapping[str, str] = field(default_factory=dict)
    api_url: str = CLOUD_API
    identity_url: str = CLOUD_IDENTITY
    credentials: str | None = None
    ca_file: str | None = None

    def open(self, surroundings: Surroundings) -> Backend:
        from plana_secrets.mirror.backends.bitwarden_sm import account

        return account.open_backend(self, surroundings)

    def places_of(self, files: Iterable[str]) -> Mapping[str, str | None]:
        return places_by_glob(self.projects, files)

    def describe(self, surroundings: Surroundings) -> str:
        from plana_secrets.mirror.backends.bitwarden_sm import account

        return account.describe(self, surroundings)

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
        from plana_secrets.mirror.backends.bitwarden_sm import account

        assert settings is None or isinstance(settings, cls)  # noqa: S101
        return account.log_in(settings, request, desk, find_root(), observer)

    @classmethod
    def log_out(
        cls, settings: BackendSettings | None, url: str | None, *, state_folder: Path
    ) -> LoggedIn:
        from plana_secrets.mirror.backends.bitwarden_sm import account

        del url, state_folder
        assert settings is None or isinstance(settings, cls)  # noqa: S101
        return account.log_out(settings)

    @classmethod
    def set_up(cls, request: SetupRequest, desk: Desk, surroundings: Surroundings) -> Setup:
        from plana_secrets.mirror.backends.bitwarden_sm import account

        return account.set_up(request, desk, surroundings)
