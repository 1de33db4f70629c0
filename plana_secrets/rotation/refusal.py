"""A refused move as an error, with the time when it will be possible."""

from __future__ import annotations

from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.rotation.instants import format_instant
from plana_secrets.rotation.keyset import Reason, Refusal


def refusal_error(name: str, refusal: Refusal) -> FailedError:
    """The kind is the word of the reason; ``not_before`` is an instant or None."""
    instant = format_instant(refusal.not_before) if refusal.not_before else None
    move, names = refusal.move, ", ".join(refusal.names)
    words = {
        Reason.WRONG_PHASE: f"there is nothing to {move} in this phase",
        Reason.NOT_LANDED: f"{move} has to wait until the move before it has landed",
        Reason.SINGLE_READER: f"{move} would lock out who reads {names}",
        Reason.ADOPTED: f"{move} would lock out services that read the adopted path {names}",
        Reason.REMOVED: f"{move} would lock out services that read {names}: "
        "it is no target any more and still holds a key",
        Reason.CONFIRMED: f"{move} would lock out {names}, who confirmed the new key",
        Reason.CLOCK: f"the clock is behind {instant}, when the keyset last changed",
        Reason.TOO_EARLY: f"{move} is possible from {instant}",
        Reason.UNCONFIRMED: f"{move} waits for the confirmation of {names}",
        Reason.TOO_MANY: f"too many values wait to be destroyed, the first at {instant}",
    }[refusal.reason]
    return FailedError(
        f"{name}: {words}",
        kind=str(refusal.reason),
        name=name,
        move=str(move),
        not_before=instant,
        names=names,
        place=refusal.names[0] if refusal.names else None,
    )


def accepted_words(refusal: Refusal | None) -> str:
    """What the subject of a commit says of an outage that a person accepted."""
    if refusal is None:
        return ""
    details = ", ".join(refusal.names)
    if refusal.not_before:
        details = f"not before {format_instant(refusal.not_before)}"
    return f", outage accepted ({refusal.reason}: {details})"


ADVICE: Final = {
    "caller-confirmed": "where they can go back to the old key, pass --accept-outage",
    "removed-still-read": "`plana-secrets unset {place}`, or put it back into the settings",
    "adopted-still-read": "move what reads it to the keyset, then `plana-secrets unset {place}`",
    "not-landed": (
        "merge or push it; `plana-secrets rotate run --due --commit --push` on the "
        "deployed branch then dates it"
    ),
    "single-reader": "move those services to the keyset, then take them out of raw_targets",
    "too-early": "`plana-secrets rotate plan {name}` shows what comes next",
    "too-many-keys": "`plana-secrets rotate run --due` destroys them when their grace is over",
    "unconfirmed": "`plana-secrets rotate confirm {name} CALLER` once they are done",
    "wrong-phase": "`plana-secrets rotate plan {name}` shows what comes next",
}
