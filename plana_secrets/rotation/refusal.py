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
        Reason.WRONG_PHASE: f"nothing to {move} in this phase",
        Reason.NOT_LANDED: f"{move} must wait until the previous move has landed",
        Reason.SINGLE_READER: f"{move} would lock out services that read {names}",
        Reason.ADOPTED: f"{move} would lock out services that read the adopted path {names}",
        Reason.REMOVED: f"{move} would lock out services that read {names}: "
        "it is no longer a target but still has a key",
        Reason.CONFIRMED: f"{move} would lock out {names}, which confirmed the new key",
        Reason.CLOCK: f"the clock is behind {instant}, when the keyset last changed",
        Reason.TOO_EARLY: f"{move} is possible from {instant}",
        Reason.UNCONFIRMED: f"{move} waits for confirmation by {names}",
        Reason.TOO_MANY: f"too many values wait to be destroyed, the first from {instant}",
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
    "caller-confirmed": "if they can go back to the old key, pass --accept-outage",
    "removed-still-read": "run `plana-secrets unset {place}`, or add it to the settings again",
    "adopted-still-read": (
        "move its readers to the keyset, then run `plana-secrets unset {place}`, or "
        "`plana-secrets rotate confirm {name} --adopted` to keep the value there"
    ),
    "not-landed": (
        "merge or push it, then run `plana-secrets rotate run --due --commit --push` "
        "on the deployed branch"
    ),
    "single-reader": "move those services to the keyset, then remove them from raw_targets",
    "too-early": "`plana-secrets rotate plan {name}` shows what comes next",
    "too-many-keys": "`plana-secrets rotate run --due` destroys them after their grace period",
    "unconfirmed": "run `plana-secrets rotate confirm {name} CALLER` once they have switched",
    "wrong-phase": "`plana-secrets rotate plan {name}` shows what comes next",
}
