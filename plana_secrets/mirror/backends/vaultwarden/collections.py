"""Which collections the configuration means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from plana_secrets.errors import UsageError
from plana_secrets.mirror.backends.vaultwarden.vault import Vault


def resolve_collections(vault: Vault, named: Sequence[str]) -> dict[str, str]:
    """What the configuration calls each collection, by the collection's id.

    Raises:
        UsageError: a name fits none (kind ``unknown-collection``) or several (kind
            ``ambiguous-collection``), or two words mean the same one (kind
            ``same-collection``).
    """
    words: dict[str, str] = {}
    for word in named:
        found = find_collection(vault, word)
        if found in words:
            raise UsageError(
                f"{words[found]!r} and {word!r} are the same collection", kind="same-collection"
            )
        words[found] = word
    return words


def resolve_seen(vault: Vault, named: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The same for those that the account sees, and why not, by word, for the others.

    Raises:
        UsageError: it sees none, or as ``resolve_collections``.
    """
    unseen: dict[str, UsageError] = {}
    for word in named:
        try:
            find_collection(vault, word)
        except UsageError as error:
            if error.kind != "unknown-collection":
                raise
            unseen[word] = error
    if unseen and len(unseen) == len(named):
        raise next(iter(unseen.values()))
    seen = [word for word in named if word not in unseen]
    return resolve_collections(vault, seen), {word: one.message for word, one in unseen.items()}


def find_collection(vault: Vault, word: str) -> str:
    """The id of the collection of this id or name."""
    if word in vault.collections:
        return word
    found = sorted(one for one, named in vault.collections.items() if named.name == word)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{len(found)} collections have the name {word!r}: {', '.join(found)}",
            kind="ambiguous-collection",
            ids=found,
        )
    seen = ", ".join(sorted(repr(one.name) for one in vault.collections.values())) or "none"
    raise UsageError(
        f"the account sees no collection named {word!r} in {vault.membership.name!r}; "
        f"it sees: {seen}",
        kind="unknown-collection",
        collection=word,
    )


ADVICE: Final = {
    "ambiguous-collection": "use the collection's id in mirror.vaultwarden.collections",
    "same-collection": "use either its name or its id in mirror.vaultwarden.collections",
    "unknown-collection": (
        "if it was renamed, change its name in mirror.vaultwarden.collections; otherwise an owner "
        "gives the account access to it"
    ),
}
