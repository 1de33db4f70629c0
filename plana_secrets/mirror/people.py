"""For whom a local mirror is encrypted: it holds every value, so it is no place for strangers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from plana_secrets.age.recipients import parse_recipient
from plana_secrets.errors import UsageError
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.sops.rules.rulesfile import Rules


def known_people(named: Iterable[str], rules: Iterable[Rules]) -> frozenset[str]:
    """The recipients of ``[recipients]``; of the creation rules where that table is empty."""
    texts = set(named)
    if not texts:
        every = (rule for one in rules for rule in one.creation_rules)
        texts.update(text for rule in every for text in rule.recipients)
    return frozenset(filter(None, map(_comparable, texts)))


def find_strangers(
    settings: MirrorSettings, find_known: Callable[[], Collection[str]]
) -> Iterator[tuple[str, str]]:
    """The configured recipients who are not among the known: place in the file, and spelling.

    No spelling for what is no recipient: it may be an identity that was pasted by mistake.
    """
    asked = {name: one for name, one in settings.backends.items() if one.people}
    known = find_known() if asked else ()
    for name, backend in asked.items():
        for position, text in enumerate(backend.people):
            recipient = _comparable(text)
            if recipient is None or recipient not in known:
                yield f"mirror.{name}.recipients[{position}]", recipient or ""


def check_people(settings: MirrorSettings, find_known: Callable[[], Collection[str]]) -> None:
    """Stop before anything is encrypted to a stranger.

    Raises:
        UsageError: a configured recipient is not among the known (kind ``mirror-stranger``).
    """
    for place, recipient in find_strangers(settings, find_known):
        raise UsageError(
            f"{place} is not in [recipients]: {describe(recipient)}",
            kind="mirror-stranger",
        )


def describe(recipient: str) -> str:
    """A recipient short enough for a line."""
    if not recipient:
        return "not an age recipient"
    return recipient if len(recipient) <= 90 else f"{recipient[:60]}..."


def _comparable(text: str) -> str | None:
    """A recipient without the comment of an ssh key; None for what is no recipient."""
    try:
        return parse_recipient(text).text
    except UsageError:
        return None


ADVICE: Final = {
    "mirror-stranger": (
        "add a [recipients.NAME] with that key to plana-secrets.toml, or remove it "
        "from mirror.local.recipients"
    ),
}
