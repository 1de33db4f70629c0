"""The data key of a document, through whichever of its recipients is ours.

The label beside an age file is not bound to it. Ours are tried first because that is
quick; what does not open under our label, or opens under another's, was relabelled.
"""

from __future__ import annotations

from typing import Final

from plana_secrets.age.identities import Identities
from plana_secrets.counts import counted
from plana_secrets.errors import CredentialError, MalformedError
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Defect, Metadata, RecipientStanza, Severity

LENGTH: Final = 32


def find_data_key(metadata: Metadata, identities: Identities) -> Secret | Defect:
    """The data key, or the entry that proves the list of recipients wrong.

    Raises:
        CredentialError: none of the identities opens the document (kind ``no-identity-fits``, or
            ``identity-unusable`` where no source that was named holds one).
    """
    ours = identities.recipients()
    labelled = [one for one in metadata.recipients if _label(one) in ours]
    if labelled:
        return _agreed(labelled, identities)
    for stanza in metadata.recipients:
        data_key = _unwrap(stanza, identities)
        if data_key is not None:
            # A label of one of the further identities is as good as one of the first.
            if _label(stanza) in identities.complete().recipients():
                return data_key
            return _defect(stanza, "opens with an identity that does not match its label")
    count = counted(len(metadata.recipients), "recipient")
    reasons = [*identities.lost(), *identities.under_passphrase()]
    is_here = bool(identities.complete().members) or bool(reasons)
    what = "none of your identities opens the file" if is_here else "you have no age identity"
    words = [f"{what} ({count})", *map(str, reasons)]
    # a job that was given no key at all is told so: no one has to be asked for anything
    has_none = bool(identities.lost()) and not identities.complete().members
    raise CredentialError(
        "; ".join(words), kind="identity-unusable" if has_none else "no-identity-fits"
    )


def _agreed(labelled: list[RecipientStanza], identities: Identities) -> Secret | Defect:
    """The key of all entries with our labels; each must open, and to the same key."""
    found: Secret | None = None
    for stanza in labelled:
        data_key = _unwrap(stanza, identities)
        if data_key is None:
            return _defect(stanza, "does not open with the identity on its label")
        if len(data_key.reveal()) != LENGTH or (found is not None and found != data_key):
            return _defect(stanza, "does not contain the data key of this file")
        found = data_key
    assert found is not None  # noqa: S101 - there is at least one entry
    return found


def _unwrap(stanza: RecipientStanza, identities: Identities) -> Secret | None:
    try:
        return identities.unwrap(stanza.enc)
    except MalformedError:
        return None


def _label(stanza: RecipientStanza) -> str:
    """The label without the comment that an ssh key may end with."""
    if stanza.recipient.startswith("ssh-"):
        return " ".join(stanza.recipient.split()[:2])
    return stanza.recipient


def _defect(stanza: RecipientStanza, what: str) -> Defect:
    message = f"metadata: an age entry {what}"
    return Defect("stanza", Severity.ERROR, message, stanza.line, ("sops",))
