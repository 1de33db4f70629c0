"""Known exceptions: ``[[verify.accept]]`` tables, applied and proposed.

An accepted finding leaves the list and stays counted. What can never be accepted is
decided by the catalogue (plaintext in an encrypted scope above all), and an exception
that has ended, matches nothing or names no check is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import CHECKS, found
from plana_secrets.verify.check import Level
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policy import Accept

_PROPOSED_DAYS = 90


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is left after the exceptions, and how many findings they took away."""

    findings: tuple[Finding, ...]
    suppressed: int


def apply_accepts(
    findings: Sequence[Finding],
    accepts: Sequence[Accept],
    *,
    today: date,
    was_checked: Callable[[Accept], bool],
) -> Accepted:
    """Take accepted findings out, and add what is wrong with the exceptions.

    ``was_checked``: whether this run could have found what the exception names; one
    that could not is not called unused.
    """
    used: set[int] = set()
    kept: list[Finding] = []
    valid = [(place, one) for place, one in enumerate(accepts) if _fault(one) is None]
    for finding in findings:
        match = next((entry for entry in valid if _covers(entry[1], finding)), None)
        if match is None:
            kept.append(finding)
            continue
        used.add(match[0])
        if match[1].until < today:
            kept.append(finding)
    suppressed = len(findings) - len(kept)
    for place, one in enumerate(accepts):
        wrong = _judge(one, today, used=place in used, checkable=was_checked(one))
        path = f"verify.accept[{place}]"
        kept.extend(found(check, text, file=SETTINGS_FILE, path=path) for check, text in wrong)
    return Accepted(tuple(kept), suppressed)


def _covers(accept: Accept, finding: Finding) -> bool:
    return (
        accept.check == finding.check
        and accept.file == finding.file
        and (accept.path is None or accept.path == finding.path)
    )


def _fault(accept: Accept) -> str | None:
    check = CHECKS.get(accept.check)
    if check is None:
        return f"there is no check {accept.check}"
    if not check.acceptable:
        return f"a finding of {accept.check} cannot be accepted"
    return None


def _judge(
    accept: Accept, today: date, *, used: bool, checkable: bool
) -> Iterable[tuple[str, str]]:
    place = f"{accept.check} in {accept.file}" + (f"#{accept.path}" if accept.path else "")
    fault = _fault(accept)
    if fault is not None:
        yield "accept-invalid", f"{fault} ({place})"
    elif used and accept.until < today:
        yield "accept-expired", f"the exception for {place} ended on {accept.until}"
    elif not used and checkable:
        yield "accept-unused", f"no finding matches: {place}"


def propose_accepts(findings: Iterable[Finding], *, today: date) -> str:
    """TOML tables that accept these findings for a quarter; empty where none can be.

    Notes are left out, since they never fail a run, and so is what cannot be accepted.
    """
    until = today + timedelta(days=_PROPOSED_DAYS)
    tables: dict[tuple[str, str, str | None], None] = {
        (one.check, one.file, one.path): None
        for one in findings
        if one.file is not None and is_proposable(one)
    }
    return "\n".join(_table(*key, until) for key in tables)


def is_proposable(finding: Finding) -> bool:
    """Whether an exception for this finding would be of use, and of effect."""
    return (
        finding.severity is not Severity.NOTE
        and CHECKS[finding.check].level is not Level.L2
        and finding.file not in {None, SETTINGS_FILE}
        and CHECKS[finding.check].acceptable
    )


def _table(check: str, file: str, path: str | None, until: date) -> str:
    lines = ["[[verify.accept]]", f"check = {_text(check)}", f"file = {_text(file)}"]
    if path is not None:
        lines.append(f"path = {_text(path)}")
    lines += ['reason = "was there before plana-secrets"', f"until = {until.isoformat()}", ""]
    return "\n".join(lines)


def _text(value: str) -> str:
    """A basic string of TOML; what does not print is escaped."""
    return f'"{"".join(map(_escape, value))}"'


def _escape(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:  # a byte of a file name that is not UTF-8; TOML cannot say it
        return "\ufffd"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
