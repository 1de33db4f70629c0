"""What of a file's recipients and data key is to change, and what is refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.counts import counted
from plana_secrets.errors import UsageError
from plana_secrets.recipients.names import Names
from plana_secrets.sops.model import Metadata
from plana_secrets.sops.rules.creationrule import CreationRule


@dataclass(frozen=True, slots=True)
class Demand:
    """What every file must keep. ``required``: names; ``keys``: name -> recipient.

    ``named``: no one without a name is added. ``may_leave``: our own access may go.
    """

    minimum: int = 1
    required: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    named: bool = False
    may_leave: bool = False


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """Recipients in canonical spelling, sorted.

    ``former``: who is no recipient, but can open the file with an older version of it.
    ``respelled``: the same recipients with another comment.
    """

    file: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    respelled: bool = False

    @property
    def new_data_key(self) -> bool:
        """Whether a person who is no recipient knows the present data key."""
        return bool(self.removed or self.former)

    @property
    def is_change(self) -> bool:
        return bool(self.added or self.removed or self.former or self.respelled)


def plan_readers(
    file: str, metadata: Metadata, rule: CreationRule, former: tuple[str, ...] = ()
) -> ReaderPlan:
    """From the recipients of a file to those of its rule."""
    labels = {one.recipient for one in metadata.recipients}
    actual = set(map(canonical_recipient, labels))
    ruled = set(map(canonical_recipient, rule.recipients))
    return ReaderPlan(
        file,
        added=tuple(sorted(ruled - actual)),
        removed=tuple(sorted(actual - ruled)),
        former=tuple(sorted(set(former) - actual - ruled)),
        respelled=labels != set(rule.recipients),
    )


def check_allowed(
    plan: ReaderPlan, rule: CreationRule, demand: Demand, ours: frozenset[str]
) -> None:
    """Refuse a plan that takes away what the settings demand, or our own access.

    ``ours``: the recipients of the identities at hand. A file that lacks something already
    may be changed: an addition is a step in the right direction.

    Raises:
        UsageError: kinds ``locks-you-out``, ``nameless-recipient``, ``removes-required``,
            ``too-few-left``.
    """
    ruled = set(map(canonical_recipient, rule.recipients))
    names = Names(demand.keys)
    nameless = [one for one in plan.added if names.name_of(one) is None]
    if demand.named and nameless:
        raise UsageError(
            f"{plan.file}: its rule names {names.shown(nameless)}, who has no name in [recipients]",
            kind="nameless-recipient",
            file=plan.file,
        )
    if plan.is_change and not (ruled & ours or demand.may_leave):
        raise UsageError(
            f"{plan.file}: none of your identities is a recipient of its rule",
            kind="locks-you-out",
            file=plan.file,
        )
    if not plan.removed:
        return
    keys = {name: canonical_recipient(demand.keys[name]) for name in demand.required}
    lost = [key for key in keys.values() if key in plan.removed]
    if lost:
        raise UsageError(
            f"{plan.file}: policy.required demands {names.shown(lost)}",
            kind="removes-required",
            file=plan.file,
        )
    if len(ruled) < demand.minimum:
        raise UsageError(
            f"{plan.file} would have {counted(len(ruled), 'recipient')}; "
            f"policy.min_recipients demands {demand.minimum}",
            kind="too-few-left",
            file=plan.file,
        )


def refuse_oneself(recipient: str, shown: str, demand: Demand, ours: frozenset[str]) -> None:
    """
    Raises:
        UsageError: ``recipient`` belongs to us (kind ``locks-you-out``).
    """
    if recipient in ours and not demand.may_leave:
        raise UsageError(f"{shown} is you", kind="locks-you-out")


ADVICE: Final = {
    "locks-you-out": (
        "a person who stays can run this, or pass another identity with --identity-file FILE; "
        "--yes gives up your own access"
    ),
    "nameless-recipient": (
        "add a [recipients.NAME] table for it to plana-secrets.toml, or remove it from the rule"
    ),
    "removes-required": "add it to the rule in .sops.yaml, or change policy.required",
    "too-few-left": "add a recipient to the rule in .sops.yaml",
}
