"""What a file says is encrypted in it, against its rule and the selectors allowed."""

from __future__ import annotations

from collections.abc import Iterator

from plana_secrets.document.kinds import FileKind, canonical_selector, kind_of
from plana_secrets.sops.model import Selector
from plana_secrets.sops.rules.selectors import selector_problem
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject


def check_selector(subject: Subject) -> Iterator[Finding]:
    """The file's selector is its rule's, and both are of those whose meaning is certain."""
    own, line = subject.metadata.selector, subject.metadata.line
    if subject.rule is None:
        if subject.rules_known:
            yield subject.found("no-rule", "no creation rule in .sops.yaml matches the file")
    elif canonical_selector(own) != canonical_selector(subject.rule.selector):
        yield subject.found(
            "selector-differs",
            f"the file has {_words(own)}, its rule has {_words(subject.rule.selector)}",
            line=line,
        )
    problem = selector_problem(own)
    if problem is not None:
        yield subject.found("selector-not-allowed", problem, line=line)
    elif not _is_allowed(own, subject.policy.selectors):
        yield subject.found(
            "selector-not-allowed", f"{_words(own)} is not in policy.selectors", line=line
        )


def _is_allowed(selector: Selector, allowed: tuple[str, ...]) -> bool:
    if kind_of(selector) is not FileKind.OTHER:
        return True
    spelled = f"{selector.option}={selector.pattern}"
    return spelled in allowed or (
        selector.option == "encrypted_regex" and selector.pattern in allowed
    )


def _words(selector: Selector) -> str:
    own = canonical_selector(selector)
    return "no selector" if own.option is None else f"{own.option} {own.pattern!r}"


def check_mac_only(subject: Subject) -> Iterator[Finding]:
    """A MAC that leaves out what is readable protects half a file."""
    if subject.metadata.mac_only_encrypted:
        yield subject.found(
            "mac-only",
            "mac_only_encrypted: readable values are not protected",
            line=subject.metadata.line,
        )
