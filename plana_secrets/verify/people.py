"""Recipients in words: by the names that people gave them."""

from __future__ import annotations

from collections.abc import Iterable

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.sops.reading.stanza import recipient_kind
from plana_secrets.verify.policy import Policy


def names_of(recipients: Iterable[str], policy: Policy) -> str:
    """Recipients by their name in the settings, as far as they have one."""
    known = {canonical_recipient(entry.key): name for name, entry in policy.recipients.items()}
    return ", ".join(
        f"{known[one]} ({_short(one)})" if one in known else _short(one)
        for one in sorted(recipients, key=lambda one: (known.get(one, "~"), one))
    )


def _short(recipient: str) -> str:
    """Enough of a recipient to find it; post-quantum ones are thousands of letters long.

    What is not a recipient is not repeated: it may be a hidden secret.
    """
    if recipient_kind(recipient) is None:
        return "an invalid recipient"
    return recipient if len(recipient) <= 90 else f"{recipient[:60]}..."
