"""What ``plana-secrets.toml`` may contain: its tables, field by field.

A setting is one line here, and a field with its default in the settings type of the
package that uses it. What is different for each kind of keyset is in its own folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, get_args

from plana_secrets.config import Settings
from plana_secrets.config.toml import parse_toml
from plana_secrets.config.version import check_version
from plana_secrets.fields.place import TOP, Place, spell
from plana_secrets.fields.reading import (
    Fields,
    Reader,
    any_text,
    choice,
    day,
    flag,
    integer,
    list_of,
    mapping,
    one_or_several,
    read_fields,
    read_table,
    required_fields,
    table,
    text,
)
from plana_secrets.fields.shapes import Shape, shape_of, shaped, table_words
from plana_secrets.fields.values import (
    branch,
    committed_file,
    folder,
    glob,
    keyset_name,
    recipient,
    recipient_name,
    root,
)
from plana_secrets.mirror.backends import BACKENDS
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.rotation.kinds import KINDS
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.targets import find_conflict
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.verify.policy import Accept, NamedRecipient, Policy, RecipientRole

if TYPE_CHECKING:
    from plana_secrets.git.author import Author

_MOST_RECIPIENTS: Final = 1000


@shaped(type="string", pattern="^[^<>]+ <[^<>\\s]+>$")
def author(raw: object, place: Place) -> Author:
    from plana_secrets.git.author import parse_author

    try:
        return parse_author(text(raw, place))
    except ValueError as error:
        raise place.fault(str(error)) from None


FILES: Final[Fields] = {
    "roots": list_of(root),
    "plain": list_of(glob),
    "keysets": folder,
}
POLICY: Final[Fields] = {
    "min_recipients": integer(1, _MOST_RECIPIENTS),
    "required": list_of(text),
    "selectors": list_of(text),
    "named": flag,
    "post_quantum": flag,
}
RECIPIENT: Final[Fields] = {"key": recipient, "kind": choice(*get_args(RecipientRole))}
ACCEPT: Final[Fields] = {
    "check": text,
    "file": any_text,
    "path": any_text,
    "reason": any_text,
    "until": day,
}
MIRROR: Final[Fields] = {
    "backend": one_or_several(choice("none", *BACKENDS), choice(*BACKENDS)),
    "branch": branch,
    "exclude": list_of(glob),
    "forked_from": list_of(text),
    **{name: table(backend, backend.FIELDS) for name, backend in BACKENDS.items()},
}
GIT: Final[Fields] = {
    "branch": branch,
    "remote": branch,
    "author": author,
    "allowed_signers": committed_file,
}


def parse_settings(content: bytes) -> Settings:
    """The settings that the bytes of a file mean.

    Raises:
        UsageError: as ``load_settings`` does.
    """
    return read_settings(parse_toml(content))


def read_settings(raw: dict[str, Any]) -> Settings:
    """The settings that a TOML tree means.

    Raises:
        UsageError: as ``load_settings`` does.
    """
    if "required_version" in raw:  # first: a newer tool may know what is unknown here
        check_version(raw["required_version"], TOP.field("required_version"))
    read = read_fields(raw, TOP, (), _TOP_LEVEL)
    policy, recipients = read.get("policy", {}), read.get("recipients", {})
    _check_required(policy.get("required", ()), recipients)
    keysets = tuple(sorted(read.get("keysets", {}).values(), key=lambda one: one.name))
    _check_targets(keysets)
    given = {name: read[name] for name in ("files", "mirror", "repository") if name in read}
    git = read.get("git", {})
    signers = git.pop("allowed_signers", None)
    demanded = {**policy, **read.get("verify", {}), "allowed_signers": signers}
    return Settings(
        **given, **git, policy=Policy(**demanded, recipients=recipients), keysets=keysets
    )


def _fields_of(make: Any, fields: Fields) -> Reader[dict[str, Any]]:
    """A table that gives a part of a settings type."""

    @shaped(**table_words(make, required_fields(make), fields))
    def read(raw: object, place: Place) -> dict[str, Any]:
        return read_fields(raw, place, required_fields(make), fields)

    return read


_VERIFY: Final[Fields] = {"accept": list_of(table(Accept, ACCEPT))}


@shaped(**table_words(Policy, (), _VERIFY))
def _read_accepts(raw: object, place: Place) -> dict[str, Any]:
    read = read_fields(raw, place, (), _VERIFY)
    return {"accepts": read.get("accept", ())}


_RECIPIENTS: Final = mapping(recipient_name, _fields_of(NamedRecipient, RECIPIENT))


@shaped(**shape_of(_RECIPIENTS))
def _read_recipients(raw: object, place: Place) -> dict[str, NamedRecipient]:
    read = _RECIPIENTS(raw, place)
    return {name: NamedRecipient(name=name, **given) for name, given in read.items()}


def _keyset_words(make: type[KeysetPolicy]) -> Shape:
    words = table_words(make, ("kind", *required_fields(make)), {"kind": _KIND, **make.FIELDS})
    words["properties"]["kind"] = {"const": make.kind}
    return words


_KIND: Final = choice(*KINDS)


@shaped(oneOf=[_keyset_words(make) for make in KINDS.values()])
def _read_keyset(raw: object, place: Place) -> tuple[type[KeysetPolicy], dict[str, Any]]:
    """The kind says which fields there may be."""
    kind = _KIND
    entries = read_table(raw, place)
    if "kind" not in entries:
        raise place.fault("kind is missing")
    make = KINDS[kind(entries["kind"], place.field("kind"))]
    given = read_fields(raw, place, required_fields(make), {"kind": kind, **make.FIELDS})
    del given["kind"]
    return make, given


_KEYSETS: Final = mapping(keyset_name, _read_keyset)


@shaped(**shape_of(_KEYSETS))
def _read_keysets(raw: object, place: Place) -> dict[str, KeysetPolicy]:
    read = _KEYSETS(raw, place)
    policies = {name: make(name=name, **given) for name, (make, given) in read.items()}
    for name, policy in policies.items():
        policy.check(place.field(name))
    return policies


def _check_required(required: Sequence[str], recipients: Mapping[str, NamedRecipient]) -> None:
    place = TOP.field("policy").field("required")
    for position, name in enumerate(required):
        if name not in recipients:
            raise place.item(position).fault(f"no [recipients.{spell(name)}]")


def _check_targets(keysets: Sequence[KeysetPolicy]) -> None:
    conflict = find_conflict(keysets)
    if conflict is not None:
        place = TOP.field("keysets").field(conflict.keyset)
        other = TOP.field("keysets").field(conflict.other).text
        raise Place(f"{place.text}.{conflict.field}").fault(
            f"{other} uses another format for {conflict.place}"
        )


@shaped(**table_words(MirrorSettings, (), MIRROR))
def _read_mirror(raw: object, place: Place) -> MirrorSettings:
    read = read_fields(raw, place, (), MIRROR)
    backends = {name: read.pop(name) for name in BACKENDS if name in read}
    names = tuple(name for name in read.pop("backend", ()) if name != "none")
    for name in names:
        if name in backends:
            continue
        make = BACKENDS[name]
        if required_fields(make):
            raise place.field("backend").fault(f"{name} needs a table [mirror.{name}]")
        backends[name] = make()
    return MirrorSettings(**read, backend=names, backends=backends)


_TOP_LEVEL: Final[Fields] = {
    "required_version": text,
    "repository": text,
    "files": table(FilesSettings, FILES),
    "git": _fields_of(Settings, GIT),
    "policy": _fields_of(Policy, POLICY),
    "recipients": _read_recipients,
    "verify": _read_accepts,
    "mirror": _read_mirror,
    "keysets": _read_keysets,
}


def as_json_schema() -> Shape:
    """What the file may contain, as far as JSON Schema (draft 7) can say it."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "plana-secrets.toml",
        **table_words(Settings, (), _TOP_LEVEL),
    }
