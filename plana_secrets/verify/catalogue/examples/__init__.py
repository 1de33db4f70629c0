"""For each check of the catalogue a small example: what it finds, and the same done right.

``content`` | ``policy`` | ``rules`` | ``repository`` | ``commits``
    The examples of the checks in the module of that name beside this folder. They are short
    on purpose: ``ENC[...]`` is a whole ciphertext, ``age1alice...`` a whole recipient.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from plana_secrets.verify.catalogue.examples import commits, content, policy, repository, rules


class Example(NamedTuple):
    """``bad`` is what the check finds, ``good`` the same as it should be; lines of text."""

    bad: str
    good: str


EXAMPLES: Final[Mapping[str, Example]] = MappingProxyType(
    {
        check: Example(bad.strip("\n"), good.strip("\n"))
        for module in (content, policy, rules, repository, commits)
        for check, (bad, good) in module.EXAMPLES.items()
    }
)
