"""Reading a SOPS file: bytes to ``Structure`` without a key, to ``Document`` with one.

It reads what sops writes and refuses the rest, also where sops itself is lax; what is
refused is a defect that names line and path, never a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plana_secrets.age.identities import Identities
from plana_secrets.errors import MalformedError
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.formats import Format, foreign_format
from plana_secrets.sops.model import (
    Comment,
    Defect,
    Document,
    Leaf,
    Metadata,
    Severity,
    Structure,
)
from plana_secrets.sops.reading.containers import read_tree
from plana_secrets.sops.reading.crypto import Mac, Opener, additional_data
from plana_secrets.sops.reading.datakey import find_data_key
from plana_secrets.sops.reading.parts import Scalar
from plana_secrets.sops.reading.scalars import is_canonical
from plana_secrets.sops.reading.source import read_source, stand_ins
from plana_secrets.sops.reading.structure import build_structure
from plana_secrets.sops.reading.tokens import START

_NOTHING: Final = Secret(b"")


class UnreadableError(MalformedError):
    """A document that must not be used; ``defects`` say why, errors among them."""

    def __init__(self, message: str, *, kind: str, defects: tuple[Defect, ...]) -> None:
        super().__init__(message, kind=kind, defects=defects)
        self.defects = defects


def read_structure(data: bytes, form: Format = Format.YAML) -> Structure:
    """What a file says without any key. It never raises: what is wrong is a defect.

    ``form``: what sops takes the file for by its name (``format_of``).
    """
    text, problems = read_source(data)
    problems = stand_ins(data) or problems
    if problems:
        return Structure([], None, problems)
    structure = _read_as(form, text)
    if structure.metadata is None and (why := foreign_format(data, form)):
        return Structure([], None, [Defect("unread-format", Severity.ERROR, why)])
    return structure


def _read_as(form: Format, text: str) -> Structure:
    if form is Format.YAML:
        return build_structure(read_tree(text))
    from plana_secrets.sops.reading import dotenvtree, jsontree  # rare; loaded on first use

    if form is Format.JSON:
        return build_structure(jsontree.read_json_tree(text), [])
    if form is Format.DOTENV:
        return build_structure(*dotenvtree.read_dotenv_tree(text))
    message = "no sops metadata: the file is not encrypted"
    return Structure([], None, [Defect("not-sops", Severity.ERROR, message)])


def plain_scalars(data: bytes) -> dict[LeafPath, str]:
    """The text of every scalar without quotes, by its path; empty for what cannot be read."""
    text, problems = read_source(data)
    if problems:
        return {}
    return {
        (*scalar.container.path, scalar.step): scalar.value
        for scalar in read_tree(text).scalars
        if isinstance(scalar, Scalar) and scalar.plain and scalar.step is not None
    }


def has_lost_metadata(structure: Structure) -> bool:
    """Whether the values were encrypted by sops, and the block with their key is gone."""
    if structure.metadata is not None or any(one.check != "not-sops" for one in structure.errors()):
        return False  # what else is wrong may be why no block was found
    return any(
        leaf.plain is not None and leaf.plain.reveal().startswith(START.encode())
        for leaf in structure.leaves()
    )


def is_sops(structure: Structure) -> bool:
    """Whether the file has a metadata block at all."""
    return structure.metadata is not None


def open_document(structure: Structure, identities: Identities) -> Document:
    """Decrypt every value and check the MAC.

    Raises:
        CredentialError: no identity opens the file (kind ``no-identity-fits``).
        UnreadableError: it must not be used: kind ``defects`` (found without the key),
            ``not-decryptable`` or ``mac-mismatch``.
    """
    data_key = find_data_key(_usable(structure), identities)
    if isinstance(data_key, Defect):
        raise _refusal((data_key,))
    return open_with_key(structure, data_key)


def open_with_key(structure: Structure, data_key: Secret) -> Document:
    """The same with a data key that is known; it raises as ``open_document``."""
    metadata = _usable(structure)
    opener = Opener(data_key.reveal())
    defects: list[Defect] = []
    mac = Mac(metadata)
    values = [*_open_items(structure, opener, mac, defects)]
    if defects:
        message = "values that the data key does not decrypt"
        raise UnreadableError(message, kind="not-decryptable", defects=tuple(defects))
    if not mac.holds(opener):
        message = "the MAC does not match: values were changed, added, removed or moved"
        defect = Defect("mac-mismatch", Severity.ERROR, message, metadata.line)
        raise UnreadableError(message, kind="mac-mismatch", defects=(defect,))
    return Document(structure, values, data_key)


def _usable(structure: Structure) -> Metadata:
    if structure.metadata is None or not structure.is_sound:
        raise _refusal(structure.errors())
    return structure.metadata


def _open_items(
    structure: Structure, opener: Opener, mac: Mac, defects: list[Defect]
) -> Iterator[Secret | None]:
    """The value of every item, with each leaf fed to the MAC on the way."""
    everything = structure.metadata is not None and not structure.metadata.mac_only_encrypted
    for item in structure.items:
        if type(item) is Leaf:
            content = _open_leaf(item, opener, defects)
            if everything or item.in_scope:
                mac.update(content.reveal())
            yield content
        elif type(item) is Comment:
            yield _open_comment(item, opener, defects)
        else:
            yield None


def _open_leaf(leaf: Leaf, opener: Opener, defects: list[Defect]) -> Secret:
    token = leaf.token
    if token is None:
        return _NOTHING if leaf.plain is None else leaf.plain
    content = opener.open(token, additional_data(leaf.path))
    if content is None:
        message = "the value does not belong at this path in this file"
        defects.append(Defect("undecryptable", Severity.ERROR, message, leaf.line, leaf.path))
        return _NOTHING
    if not is_canonical(token.type, content):
        message = f"the value is not valid for the type {token.type}"
        defects.append(Defect("not-canonical", Severity.ERROR, message, leaf.line, leaf.path))
    return Secret(content)


def _open_comment(comment: Comment, opener: Opener, defects: list[Defect]) -> Secret:
    """A comment opens with the path of the container around it; layout may leave open which."""
    if comment.token is None:
        return _NOTHING if comment.plain is None else comment.plain
    for path in (comment.path, *comment.candidates):
        content = opener.open(comment.token, additional_data(path))
        if content is not None:
            comment.path = path
            return Secret(content)
    message = "the comment does not belong at this place in this file"
    defects.append(Defect("undecryptable", Severity.ERROR, message, comment.line, comment.path))
    return _NOTHING


def _refusal(errors: tuple[Defect, ...]) -> UnreadableError:
    """The first defect is the message; the others are counted."""
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    place = f"line {first.line}: " if first.line else ""
    return UnreadableError(f"{place}{first.message}{more}", kind="defects", defects=errors)
