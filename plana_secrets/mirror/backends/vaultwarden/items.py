"""Between the items of the mirror and the ciphers of the server. Touches nothing outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from plana_secrets.errors import MalformedError, PlanaSecretsError
from plana_secrets.mirror.backend import ActualItem, DesiredItem, Form, Record
from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.mirror.backends.vaultwarden.loginform import (
    carry_passkeys,
    open_login,
    seal_login,
)
from plana_secrets.mirror.backends.vaultwarden.models import Cipher, Login, read_login
from plana_secrets.mirror.form import compose, take_apart
from plana_secrets.mirror.itemerrors import ItemChangedError, ItemTooLargeError, NotWritableError
from plana_secrets.secret import Secret

TYPES: Final[dict[Form, int]] = {"note": 2, "login": 1}
"""The server's types of item. It never changes that of an item."""

ITEM_SIZE: Final = 65_000
"""Bytes of the fields of an item of a divided file, as far as they may come to. Most are a
quarter below that, which leaves room for what people add."""

_TEXT_COLUMN: Final = 65_535
"""Bytes that MySQL and MariaDB hold of an item's fields; SQLite and PostgreSQL have no limit."""

_HIDDEN: Final = 1
_TOLERANCE: Final = timedelta(seconds=1, microseconds=999_999)


def seal_item(
    item: DesiredItem, organization: str, key: SymmetricKey, *, account: str | None = None
) -> dict[str, Any]:
    """The whole cipher: what is not said here the server sets to nothing.

    ``account``: whose encryption it is; servers that check it refuse that of another.
    No key of its own: the clients give it one when a person edits it, and both are read.
    An empty password history: what a hand edit left there would be an old secret.
    """
    is_login = item.record.form == "login"
    login, left = seal_login(item, key) if is_login else (None, item.fields)
    return {
        "type": TYPES[item.record.form],
        "organizationId": organization,
        "encryptedFor": account,
        "name": key.seal_text(item.title),
        "notes": key.seal_text(item.note),
        "fields": [
            {
                "type": _HIDDEN,
                "name": key.seal_text(name),
                "value": key.seal(value.reveal()),
                "linkedId": None,
            }
            for name, value in compose(replace(item, fields=tuple(left)))
        ],
        "login": login,
        "secureNote": None if is_login else {"type": 0},
        "key": None,
        "passwordHistory": None,
        "reprompt": 0,
        "favorite": False,
    }


def carry_over(cipher: Cipher, sealed: dict[str, Any], key: SymmetricKey) -> dict[str, Any]:
    """``sealed`` with what people added to ``cipher`` and an update would take away."""
    passkeys = read_login(cipher).passkeys
    if not passkeys or sealed["login"] is None:
        return sealed
    kept = carry_passkeys(passkeys, _Opener(cipher, key).key, key)
    return sealed | {"login": sealed["login"] | {"fido2Credentials": kept}}


def blame_size(
    error: PlanaSecretsError, sealed: Mapping[str, Any], item: DesiredItem
) -> PlanaSecretsError:
    """The error, or the likelier one where the item is larger than some databases hold."""
    if isinstance(error, (ItemChangedError, ItemTooLargeError, NotWritableError)):
        return error
    size = size_of_fields(sealed)
    if size <= _TEXT_COLUMN:
        return error
    return ItemTooLargeError(
        f"the server refuses the item of {item.label}; its {size:,} encrypted bytes are more than "
        f"the {_TEXT_COLUMN:,} that a MySQL or MariaDB database holds",
        file=item.file,
    )


def may_be_cut(sealed: Mapping[str, Any]) -> bool:
    """Whether some databases hold only a part of the fields."""
    return size_of_fields(sealed) > _TEXT_COLUMN


def size_of_fields(sealed: Mapping[str, Any]) -> int:
    """Bytes of the fields as the server stores them: JSON without blanks."""
    import msgspec

    return len(msgspec.json.encode(sealed["fields"]))


def open_item(
    cipher: Cipher,
    organization_key: SymmetricKey,
    collections: Mapping[str, str],
    read_only: Collection[str] = (),
) -> ActualItem | None:
    """Our item in a cipher, or None if it is not ours.

    ``collections``: what the configuration calls each collection that it names, by id;
    ``read_only``: the ids of those, of all, that the account may not write to.
    """
    opener = _Opener(cipher, organization_key)
    pairs = [(opener.text(field.name), opener.secret(field.value)) for field in cipher.fields or []]
    named = [(name, value) for name, value in pairs if name is not None]
    taken = take_apart(named)
    if not taken.carries_record:
        return None
    login = opener.login(cipher)
    if cipher.login is not None:
        parts = list(open_login(login, taken.record, opener.secret))
        names = {name for name, _ in parts}
        rest = [(name, value) for name, value in named if value.reveal() or name not in names]
        taken = take_apart([*parts, *rest])
    problems = _problems(cipher, login, taken.record)
    title, note = opener.text(cipher.name), opener.text(cipher.notes)
    if opener.is_broken or taken.record is None:
        problems.add("undecryptable")
    collection = (
        collections.get(cipher.collection_ids[0]) if len(cipher.collection_ids) == 1 else None
    )
    if collection is None:
        problems.add("moved")
    return ActualItem(
        id=cipher.id,
        title=title or "",
        note=note or "",
        collection=collection,
        fields=taken.fields,
        record=taken.record,
        problems=frozenset(problems),
        revision=cipher.revision_date,
        is_held=any(one in read_only for one in cipher.collection_ids),
    )


def _problems(cipher: Cipher, login: Login, record: Record | None) -> set[str]:
    problems = set()
    if cipher.deleted_date is not None:
        problems.add("trashed")
    if cipher.type != TYPES[record.form if record else "note"]:
        problems.add("retyped")
    if cipher.attachments or login.passkeys:
        problems.add("attached")
    shown = any(field.type != _HIDDEN for field in cipher.fields or [])
    matched = any(one.match is not None for one in login.uris or [])
    if shown or matched or cipher.password_history or cipher.reprompt:
        problems.add("altered")
    return problems


class _Opener:
    """Opens the parts of one cipher and remembers whether any of them would not open."""

    def __init__(self, cipher: Cipher, organization_key: SymmetricKey) -> None:
        self.is_broken = False
        self.key = organization_key
        if cipher.key is not None:
            own = self._open(cipher.key)
            try:
                self.key = organization_key if own is None else SymmetricKey(own)
            except MalformedError:
                self.is_broken = True

    def login(self, cipher: Cipher) -> Login:
        try:
            return read_login(cipher)
        except MalformedError:
            self.is_broken = True
            return Login()

    def text(self, sealed: str | None) -> str | None:
        """The text; None where there is none, or where it would not open."""
        opened = None if sealed is None else self._open(sealed)
        try:
            return None if opened is None else opened.reveal_text()
        except ValueError:
            self.is_broken = True
            return None

    def secret(self, sealed: str | None) -> Secret:
        """The content; nothing where there is none, or where it would not open."""
        opened = None if sealed is None else self._open(sealed)
        return Secret(b"") if opened is None else opened

    def _open(self, sealed: str) -> Secret | None:
        try:
            return self.key.open(sealed)
        except MalformedError:
            self.is_broken = True
            return None


def is_stub(cipher: Cipher, organization_key: SymmetricKey) -> bool:
    """Whether this is what a server leaves behind that dies while it creates an item.

    It makes a personal item first, with the name alone, which is sealed with the
    organization's key as no personal item's name is. There is nothing in it to be lost.
    """
    if cipher.organization_id is not None or cipher.fields or cipher.notes or cipher.key:
        return False
    try:
        organization_key.open(cipher.name)
    except MalformedError:
        return False
    login = cipher.login if isinstance(cipher.login, dict) else {}
    return cipher.type in TYPES.values() and not (cipher.attachments or any(login.values()))


def just_before(revision: str) -> str:
    """The oldest date that the server still takes for a copy of this revision.

    It lets anything pass that is less than two seconds younger than the date it is told. Told
    this one, it refuses every change after the revision that we read, be it a
    microsecond later.

    Raises:
        MalformedError: it is no date (kind ``bad-answer``).
    """
    before = _moment(revision) - _TOLERANCE
    return before.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def has_no_fraction(revision: str) -> bool:
    """Whether it may be of a MySQL or MariaDB, whose dates are the same for a whole second."""
    return _moment(revision).microsecond == 0


def is_ahead(revision: str, server_time: datetime | None) -> bool:
    """Whether a revision is of a clock that was ahead: later changes would be dated before it."""
    return server_time is not None and _moment(revision) > server_time + _TOLERANCE


def _moment(revision: str) -> datetime:
    """In UTC, and so that a few seconds can be taken off."""
    try:
        moment = datetime.fromisoformat(revision)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
        _ = moment - _TOLERANCE
    except (ValueError, OverflowError):
        raise MalformedError(
            "the server sent an item with an invalid revision date", kind="bad-answer"
        ) from None
    return moment
