"""A check of the catalogue in words: as lines, as an object, and all of them as a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

from plana_secrets.errors import UsageError
from plana_secrets.escape import prose
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.catalogue.commits import COMMIT_CHECKS
from plana_secrets.verify.catalogue.content import CONTENT_CHECKS
from plana_secrets.verify.catalogue.examples import EXAMPLES
from plana_secrets.verify.catalogue.policy import POLICY_CHECKS
from plana_secrets.verify.catalogue.repository import REPOSITORY_CHECKS
from plana_secrets.verify.catalogue.rules import RULES_CHECKS
from plana_secrets.verify.check import Check, Level

WIDTH: Final = 80

_NEEDS: Final = {
    Level.L1: "needs no identity",
    Level.L2: "compares commits",
    Level.L3: "needs an identity",
    Level.L4: "needs the mirror",
}
_SECTIONS: Final = (
    ("The content of a file", CONTENT_CHECKS),
    ("Recipients, selectors, keysets and settings", POLICY_CHECKS),
    ("The rules in `.sops.yaml`", RULES_CHECKS),
    ("The repository around the secret files", REPOSITORY_CHECKS),
    ("What only a comparison of commits shows", COMMIT_CHECKS),
)
_HEAD: Final = """\
# Checks

What `verify` looks for. This page is written by `scripts/reference` from the texts that
`plana-secrets explain CHECK` shows; the ids never change. In an example, `ENC[...]` is a whole
ciphertext and `age1alice...` a whole recipient.
"""


def find_check(name: str) -> Check:
    """The check with this id.

    Raises:
        UsageError: there is none (kind ``no-such-check``).
    """
    check = CHECKS.get(name)
    if check is None:
        from difflib import get_close_matches

        near = get_close_matches(name[:WIDTH], CHECKS, n=1)
        ending = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"no check {name}{ending}", kind="no-such-check")
    return check


def command_for(check: str) -> str:
    """The command that explains a check."""
    return f"plana-secrets explain {check}"


def to_lines(check: Check) -> Iterator[str]:
    """Everything about one check, in lines for a terminal."""
    example = EXAMPLES[check.id]
    yield check.id
    yield _facts(check)
    yield ""
    yield from textwrap.wrap(check.what, WIDTH)
    yield from textwrap.wrap(check.why, WIDTH)
    for title, text in (("bad", example.bad), ("good", example.good)):
        yield ""
        yield f"{title}:"
        yield from (f"    {line}".rstrip() for line in text.splitlines())
    yield ""
    yield from textwrap.wrap(f"fix: {check.fix}", WIDTH, break_on_hyphens=False)


def _facts(check: Check) -> str:
    accepted = "can be accepted" if check.acceptable else "cannot be accepted"
    return f"{check.severity}, level {check.level.name} ({_NEEDS[check.level]}), {accepted}"


def to_object(check: Check) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "check": check.id,
        "severity": str(check.severity),
        "level": check.level.name,
        "acceptable": check.acceptable,
        "what": check.what,
        "why": check.why,
        "fix": check.fix,
        "example": EXAMPLES[check.id]._asdict(),
    }


def to_page() -> str:
    """``docs/checks.md``."""
    return "".join([_HEAD, *(_section(title, checks) for title, checks in _SECTIONS)])


def _section(title: str, checks: tuple[Check, ...]) -> str:
    return "".join([f"\n## {title}\n", *map(to_markdown, checks)])


def to_markdown(check: Check) -> str:
    """One check as a section of a page."""
    example, facts = EXAMPLES[check.id], _facts(check)
    parts = [
        f"### {check.id}",
        f"{facts[0].upper()}{facts[1:]}.",
        _wrapped(f"{check.what} {check.why}"),
        f"```text\n{_titled('bad', example.bad)}\n{_titled('good', example.good)}\n```",
        _wrapped(f"Fix: {check.fix}"),
    ]
    return "".join(f"\n{part}\n" for part in parts)


def _titled(title: str, text: str) -> str:
    return f"{title}:\n{textwrap.indent(text, '    ')}"


def _wrapped(text: str) -> str:
    """Lines of Markdown that a code span does not cross badly; its words stay as they are."""
    return "\n".join(textwrap.wrap(prose(text), 98, break_long_words=False, break_on_hyphens=False))


ADVICE: Final = {"no-such-check": "`plana-secrets explain` lists them"}
