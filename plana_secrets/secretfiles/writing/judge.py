"""Whether what sops wrote is what was planned: its status 0 is no proof.

It is read natively, and it must be: opened by our identity with its MAC right, without a
defect, for the recipients and with the selector of its creation rule, and hold exactly the
content that was planned, comments included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NoReturn

from plana_secrets import limits
from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.document.edits import Content, content_of
from plana_secrets.document.kinds import canonical_selector
from plana_secrets.errors import CredentialError, FailedError, MalformedError
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.open import open_bytes
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.model import (
    Comment,
    Document,
    Empty,
    Item,
    Leaf,
    LeafType,
    Metadata,
    Structure,
)
from plana_secrets.sops.rules.creationrule import CreationRule


def check_result(workspace: Workspace, file: str, ciphertext: bytes, planned: Content) -> Document:
    """What sops wrote, read natively; anything but what was planned is an error.

    Raises:
        FailedError: kind ``too-large`` or ``unexpected-result``, or what the reader found
            wrong.
        CredentialError: none of the identities opens it.
    """
    if len(ciphertext) > limits.SECRET_FILE:
        size = limits.in_words(limits.SECRET_FILE)
        raise FailedError(f"{file} would be larger than {size}", kind="too-large", file=file)
    try:
        document = open_bytes(ciphertext, file, workspace.identities)
    except CredentialError as error:
        by = workspace.rules_for(file).file
        raise CredentialError(
            f"{file} would be encrypted by {by}, and cannot be read back: {error.message}",
            kind=error.kind,
            file=file,
        ) from None
    check_against_rule(document.structure, workspace.rule_for(file), file)
    if describe(content_of(document)) != describe(planned):
        disbelieve(file, "the content is not what was planned")
    return document


def describe(content: Content) -> tuple[list[object], Counter[bytes]]:
    """All that has to survive a write: leaves and empties in order, comments as a bag.

    The place of a comment is up to sops, which moves some by a line.
    """
    ordered: list[object] = []
    comments: Counter[bytes] = Counter()
    for item, value in zip(content.items, content.values, strict=True):
        if isinstance(item, Comment):
            comments[value.reveal().strip() if value is not None else b""] += 1
        else:
            ordered.append((item.path, *_fact(item, value)))
    return ordered, comments


def _fact(item: Item, value: Secret | None) -> Iterator[object]:
    if isinstance(item, Empty):
        yield item.container
    elif isinstance(item, Leaf):
        yield item.type
        yield value.reveal() if value is not None and item.type is not LeafType.NULL else b""


def check_against_rule(structure: Structure, rule: CreationRule, file: str) -> None:
    """The file's own metadata says what its rule says."""
    metadata = check_options(structure, rule, file)
    actual = {canonical_recipient(stanza.recipient) for stanza in metadata.recipients}
    if actual != set(map(canonical_recipient, rule.recipients)):
        raise FailedError(
            f"{file} is encrypted for different recipients than its rule",
            kind="recipients-differ",
            file=file,
        )


def check_options(structure: Structure, rule: CreationRule, file: str) -> Metadata:
    """The metadata of a file, which say what its rule says of all but the recipients."""
    metadata = structure.metadata
    if metadata is None:
        raise MalformedError(f"{file}: not encrypted by sops", kind="not-encrypted", file=file)
    if canonical_selector(metadata.selector) != canonical_selector(rule.selector):
        raise FailedError(
            f"{file} is encrypted with a different selector than its rule",
            kind="selector-differs",
            file=file,
        )
    if metadata.mac_only_encrypted or metadata.other_keys:
        raise FailedError(
            f"{file} has keys or options that are not in its rule",
            kind="options-differ",
            file=file,
        )
    return metadata


def disbelieve(file: str, what: str) -> NoReturn:
    raise FailedError(f"sops wrote {file}, but {what}", kind="unexpected-result", file=file)


ADVICE: Final = {
    "options-differ": "encrypt it again by its rule with `plana-secrets repair {file}`",
    "recipients-differ": "update it from its rule with `plana-secrets recipients apply {file}`",
    "selector-differs": "encrypt it again by its rule with `plana-secrets repair {file}`",
    "unexpected-result": "please report this, with the version of sops",
}
