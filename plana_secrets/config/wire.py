"""What may stand in ``plana-secrets.toml``, and how it becomes settings."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec

from plana_secrets import __version__
from plana_secrets.config import FILE_NAME, Settings
from plana_secrets.errors import UsageError
from plana_secrets.mirror.settings import LocalSettings, MirrorSettings, VaultwardenSettings
from plana_secrets.rotation.policy import ApiKeyPolicy, JwtPolicy, KeysetPolicy
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.verify.policy import Accept, NamedRecipient, Policy

_DURATION: Final = re.compile(r"([1-9][0-9]{0,6}|0)(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_KEYSET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
_VERSION_BOUND: Final = re.compile(r"(>=|<=|==|<|>)\s*([0-9]+(?:\.[0-9]+){0,2})")


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Files(_Wire):
    roots: tuple[str, ...] = ("infra/secrets",)
    plain: tuple[str, ...] = ("**/kustomization.yaml", "**/README.md")
    keysets: str = "infra/secrets/keysets"


class _Git(_Wire):
    branch: str | None = None


class _Policy(_Wire):
    min_recipients: int = 1
    required: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()


class _Recipient(_Wire):
    key: str
    kind: Literal["staff", "job", "cluster", "recovery", "demo"]


class _Accept(_Wire):
    check: str
    file: str
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    until: date
    path: str | None = None


class _Verify(_Wire):
    accept: tuple[_Accept, ...] = ()


class _Local(_Wire):
    path: str = ""
    recipients: tuple[str, ...] = ()


class _Vaultwarden(_Wire):
    url: str
    organization: str
    collections: dict[str, str] = {}
    break_glass: tuple[str, ...] = ()
    credentials: str | None = None
    ca_file: str | None = None
    key_fingerprint: str | None = None


class _Mirror(_Wire):
    backend: Literal["none", "local", "vaultwarden"] = "none"
    branch: str | None = None
    exclude: tuple[str, ...] = ()
    local: _Local = msgspec.field(default_factory=_Local)
    vaultwarden: _Vaultwarden | None = None


class _ApiKey(_Wire, tag_field="kind", tag="api-key"):
    accepted: tuple[str, ...]
    callers: tuple[str, ...] = ()
    external_callers: tuple[str, ...] = ()
    format: Literal["json", "csv", "slots"] = "json"
    reload: Literal["file", "restart", "manual"] = "file"
    rollout: str = "30m"
    drain: str = "1h"
    max_age: str = "90d"
    grace: str = "7d"


class _Jwt(_Wire, tag_field="kind", tag="jwt-hs256"):
    targets: tuple[str, ...]
    raw_targets: tuple[str, ...] = ()
    reload: Literal["file", "restart", "manual"] = "file"
    rollout: str = "30m"
    max_token_lifetime: str = "15m"  # noqa: S105 - a duration
    skew: str = "60s"
    cache: str = "0s"
    grace: str = "7d"
    max_age: str = "90d"


class _File(_Wire):
    required_version: str | None = None
    files: _Files = msgspec.field(default_factory=_Files)
    git: _Git = msgspec.field(default_factory=_Git)
    policy: _Policy = msgspec.field(default_factory=_Policy)
    recipients: dict[str, _Recipient] = {}
    verify: _Verify = msgspec.field(default_factory=_Verify)
    mirror: _Mirror = msgspec.field(default_factory=_Mirror)
    keysets: dict[str, _ApiKey | _Jwt] = {}


def parse_settings(content: bytes) -> Settings:
    """The settings that the bytes of a file mean.

    Raises:
        UsageError: as ``load_settings`` does.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at ([^)]*)\)", str(error))
        raise _bad(f"not TOML at {place.group(1) if place else 'an unknown place'}") from None
    _check_version(raw.get("required_version"))
    try:
        wire = msgspec.convert(raw, _File)
    except msgspec.ValidationError as error:
        raise _bad(_describe(error)) from None
    return _to_settings(wire)


def _describe(error: msgspec.ValidationError) -> str:
    """msgspec names types and the path, never the value: ``Expected `int`... - at `$.x` ``."""
    text, _, place = str(error).partition(" - at ")
    where = place.strip("`").removeprefix("$").removeprefix(".")
    what = text[:1].lower() + text[1:]
    return f"{where}: {what}" if where else what


def _bad(what: str) -> UsageError:
    return UsageError(f"{FILE_NAME}: {what}", kind="bad-config", file=FILE_NAME)


def _check_version(bounds: object) -> None:
    if bounds is None:
        return
    if not isinstance(bounds, str):
        raise _bad('required_version: expected text like ">=0.1"')
    ours = _numbers(__version__)
    for part in bounds.split(","):
        match = _VERSION_BOUND.fullmatch(part.strip())
        if match is None:
            raise _bad('required_version: expected bounds like ">=0.1, <2"')
        theirs = _numbers(match.group(2))
        holds = {
            ">=": ours >= theirs,
            "<=": ours <= theirs,
            "==": ours == theirs,
            "<": ours < theirs,
            ">": ours > theirs,
        }
        if not holds[match.group(1)]:
            raise UsageError(
                f"{FILE_NAME} requires version {bounds}, this is {__version__}",
                kind="version",
                required=bounds,
            )


def _numbers(version: str) -> tuple[int, int, int]:
    numbers = [int(part) for part in version.split(".")]
    return (*numbers, 0, 0, 0)[:3]  # type: ignore[return-value]


def _to_settings(wire: _File) -> Settings:
    recipients = {
        name: NamedRecipient(name, entry.key, entry.kind) for name, entry in wire.recipients.items()
    }
    for name in wire.policy.required:
        if name not in recipients:
            raise _bad(f"policy.required: no [recipients.{name}]")
    if wire.policy.min_recipients < 1:
        raise _bad("policy.min_recipients: at least 1")
    files = FilesSettings(
        tuple(_folder(root, "files.roots") for root in wire.files.roots),
        wire.files.plain,
        _folder(wire.files.keysets, "files.keysets"),
    )
    return Settings(
        files=files,
        branch=wire.git.branch,
        policy=Policy(
            wire.policy.min_recipients,
            wire.policy.required,
            wire.policy.selectors,
            recipients,
            tuple(
                Accept(one.check, one.file, one.path, one.reason, one.until)
                for one in wire.verify.accept
            ),
        ),
        mirror=_to_mirror(wire.mirror),
        keysets=tuple(_to_keyset(name, entry) for name, entry in sorted(wire.keysets.items())),
    )


def _folder(text: str, place: str) -> str:
    clean = text.strip("/")
    steps = clean.split("/")
    if not clean or text.startswith("/") or any(step in {"", ".", ".."} for step in steps):
        raise _bad(f"{place}: a folder inside the repository is needed")
    return clean


def _to_mirror(wire: _Mirror) -> MirrorSettings:
    if wire.backend == "vaultwarden" and wire.vaultwarden is None:
        raise _bad("mirror.backend is vaultwarden, and there is no [mirror.vaultwarden]")
    remote = wire.vaultwarden
    return MirrorSettings(
        wire.backend,
        wire.branch,
        wire.exclude,
        LocalSettings(_local_path(wire.local.path), wire.local.recipients),
        VaultwardenSettings(
            remote.url.rstrip("/"),
            remote.organization,
            remote.collections,
            remote.break_glass,
            remote.credentials,
            remote.ca_file,
            remote.key_fingerprint,
        )
        if remote
        else None,
    )


def _local_path(text: str) -> str:
    """Any file but one of git's own."""
    if any(step.lower() == ".git" for step in text.split("/")):
        raise _bad("mirror.local.path: a file outside of git's own folder is needed")
    return text


def _to_keyset(name: str, wire: _ApiKey | _Jwt) -> KeysetPolicy:
    if not _KEYSET_NAME.fullmatch(name):
        raise _bad(f"keysets: {name!r} is not a name of small letters, digits and . _ - /")

    def duration(option: str) -> timedelta:
        return _duration(getattr(wire, option), f"keysets.{name}.{option}")

    if isinstance(wire, _ApiKey):
        return ApiKeyPolicy(
            name,
            wire.accepted,
            wire.callers,
            wire.external_callers,
            wire.format,
            wire.reload,
            duration("rollout"),
            duration("drain"),
            duration("max_age"),
            duration("grace"),
        )
    return JwtPolicy(
        name,
        wire.targets,
        wire.raw_targets,
        wire.reload,
        duration("rollout"),
        duration("max_token_lifetime"),
        duration("skew"),
        duration("cache"),
        duration("grace"),
        duration("max_age"),
    )


def _duration(text: str, place: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise _bad(f'{place}: expected a duration like "30m", "1h" or "90d"')
    return timedelta(seconds=int(match.group(1)) * _SECONDS[match.group(2)])
