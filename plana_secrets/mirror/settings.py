"""What the ``[mirror]`` tables of the configuration say, and what a kind of backend is.

A backend is one class below ``BackendSettings``, in a folder of its own in ``backends``: it
owns its settings and opens itself. Quick to load: a backend is loaded when it is opened.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.fields.reading import Fields
    from plana_secrets.mirror.backend import Backend
    from plana_secrets.mirror.desk import (
        AccessFinding,
        Desk,
        LoggedIn,
        LoginRequest,
        Setup,
        SetupOption,
        SetupRequest,
    )
    from plana_secrets.mirror.surroundings import Surroundings
    from plana_secrets.observability import Observer


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSettings(abc.ABC):
    """A backend as its table ``[mirror.NAME]`` has it."""

    name: ClassVar[str]
    FIELDS: ClassVar[Fields]
    """The fields of the table."""
    CREDENTIALS_VARIABLE: ClassVar[str | None] = None
    """The variable of the environment that names a credentials file."""
    HAS_ACCOUNTS: ClassVar[bool] = False
    """Whether ``login``, ``logout`` and ``mirror audit`` have a meaning."""
    HAS_OWNERS: ClassVar[bool] = False
    """Whether there are owners, who see items that the service account does not."""
    KEEPS_STATE: ClassVar[bool] = False
    """Whether the mirror itself is kept in the state folder, for every clone of a repository."""
    SETUP: ClassVar[tuple[SetupOption, ...]] = ()
    """The options of ``mirror init``; none where there is nothing to find."""
    SETUP_NOTES: ClassVar[str] = ""
    """What a person does before that."""

    @property
    def people(self) -> tuple[str, ...]:
        """The ``recipients`` of the table, for a backend that encrypts for people."""
        return ()

    @abc.abstractmethod
    def open(self, surroundings: Surroundings) -> Backend:
        """The backend; nothing is read or asked yet.

        Raises:
            CredentialError: there are no credentials for it.
        """

    def places_of(self, files: Iterable[str]) -> Mapping[str, str | None]:
        """The collection of each file that has a place; None where there are no collections."""
        return dict.fromkeys(files)

    def is_login(self, file: str) -> bool:  # noqa: ARG002
        """Whether the file is to be a login item, if it has the parts of a login."""
        return False

    def own_files(self, surroundings: Surroundings) -> Iterator[Path]:  # noqa: ARG002
        """Files that are the backend's own, and never mirrored."""
        yield from ()

    def find_damage(self, surroundings: Surroundings) -> str | None:  # noqa: ARG002
        """Which file is plainly not a mirror any more; one look, nothing is opened or asked."""
        return None

    def check_place(self, surroundings: Surroundings) -> None:  # noqa: B027 - most have none
        """Stop before a mirror would be started at a place that only a checkout names.

        Raises:
            UsageError: it would be (kind ``needs-confirm``).
        """

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
        """Log in for good and keep the login; ``settings`` None: the request says where."""
        raise NotImplementedError

    @classmethod
    def log_out(
        cls, settings: BackendSettings | None, url: str | None, *, state_folder: Path
    ) -> LoggedIn:
        """Forget the login and its tokens."""
        raise NotImplementedError

    def audit(
        self,
        surroundings: Surroundings,  # noqa: ARG002
        service_account: str | None,  # noqa: ARG002
    ) -> tuple[AccessFinding, ...]:
        """Everyone who may write to the mirror.

        Raises:
            UsageError: this backend does not say (kind ``no-audit``).
        """
        raise UsageError(f"a {self.name} mirror does not say who can write", kind="no-audit")

    def places_seen(
        self,
        surroundings: Surroundings,  # noqa: ARG002
        email: str,  # noqa: ARG002
    ) -> frozenset[str]:
        """The places (see ``places_of``) of which a member sees the items.

        Raises:
            UsageError: this backend does not say (kind ``no-audit``), or there is no such member
                (``no-such-member``).
        """
        raise UsageError(f"a {self.name} mirror does not say who can see it", kind="no-audit")

    def describe(self, surroundings: Surroundings) -> str:  # noqa: ARG002
        """Where it is, and by which credentials, for ``doctor``; nothing is asked or opened.

        Raises:
            CredentialError: it cannot be opened like this.
        """
        return self.name

    @classmethod
    def set_up(cls, request: SetupRequest, desk: Desk, surroundings: Surroundings) -> Setup:
        """Find what the table needs, and say what was found."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorSettings:
    """``backend``: the names of those in use. ``backends``: the tables that there are, by name.

    ``exclude``: globs never copied. ``forked_from``: ids of repositories that this one
    began as a copy of: their items are foreign.
    """

    backend: tuple[str, ...] = ()
    branch: str | None = None
    exclude: tuple[str, ...] = ()
    forked_from: tuple[str, ...] = ()
    backends: Mapping[str, BackendSettings] = field(default_factory=dict)

    @property
    def used(self) -> tuple[BackendSettings, ...]:
        """The backends in use, in their order."""
        return tuple(self.backends[name] for name in self.backend)

    @property
    def chosen(self) -> BackendSettings | None:
        """The backend in use, where there are not several.

        Raises:
            UsageError: there are (kind ``which-mirror``).
        """
        if len(self.backend) > 1:
            raise UsageError(
                f"there are several mirrors: {', '.join(self.backend)}",
                kind="which-mirror",
                name=self.backend[0],
            )
        return self.used[0] if self.backend else None

    def narrowed(self, name: str) -> MirrorSettings:
        """The same with one backend in use.

        Raises:
            UsageError: it is not one of those in use (kind ``not-a-mirror``).
        """
        if name not in self.backend:
            listed = ", ".join(self.backend) or "none"
            raise UsageError(f"no mirror {name!r} in use; there are: {listed}", kind="not-a-mirror")
        return replace(self, backend=(name,))


ADVICE: Final = {
    "no-audit": (
        "check its members in the vault's own web page; a local mirror is a file that its "
        "recipients can read"
    ),
    "not-a-mirror": "[mirror] backend in plana-secrets.toml names those in use",
    "which-mirror": "pass --mirror {name}",
    "no-server": "pass --url, or run `plana-secrets mirror init vaultwarden --url URL`",
}
