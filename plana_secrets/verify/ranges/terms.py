"""By which settings a range is verified: the stricter of what two commits say. Pure."""

from __future__ import annotations

from dataclasses import replace

from plana_secrets.verify.policy import Policy
from plana_secrets.verify.policychange import Demanded


def stricter(trusted: Demanded, head: Demanded, *, proposed: bool = False) -> Demanded:
    """What both demand together; exceptions and the meaning of names are those of ``trusted``.

    Which files may be readable is what the head says: a glob that it adds is a finding. In a
    change that is only ``proposed`` it is no error, so there it does not count.
    """
    one, other = trusted.policy, head.policy
    files = replace(head.files, plain=trusted.files.plain) if proposed else head.files
    return Demanded(
        Policy(
            min_recipients=max(one.min_recipients, other.min_recipients),
            required=tuple(dict.fromkeys([*one.required, *other.required])),
            selectors=tuple(each for each in one.selectors if each in other.selectors),
            named=one.named or other.named,
            post_quantum=one.post_quantum or other.post_quantum,
            recipients={**other.recipients, **one.recipients},
            accepts=one.accepts,
            allowed_signers=one.allowed_signers,
        ),
        replace(files, roots=tuple(dict.fromkeys([*trusted.files.roots, *head.files.roots]))),
        trusted.branch,
        trusted.remote,
    )
