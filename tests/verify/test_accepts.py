"""Known exceptions: what they take away, and what they cannot."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plana_secrets.config.schema import parse_settings
from plana_secrets.sops.model import Severity
from plana_secrets.verify.accepts import Accepted, apply_accepts, propose_accepts
from plana_secrets.verify.catalogue import CHECKS, found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policy import Accept

TODAY = date(2026, 11, 23)
TOMORROW = date(2026, 11, 24)
YESTERDAY = date(2026, 11, 22)
FILE = "infra/secrets/prod/mail.yaml"


def accept(check: str = "copied-file", path: str | None = None, until: date = TOMORROW) -> Accept:
    return Accept(check=check, file=FILE, path=path, reason="a reason", until=until)


def judge(findings: list[Finding], *accepts: Accept, checked: bool = True) -> Accepted:
    return apply_accepts(findings, accepts, today=TODAY, was_checked=lambda _one: checked)


def checks_of(accepted: Accepted) -> list[str]:
    return [finding.check for finding in accepted.findings]


def test_an_accepted_finding_leaves_the_list_and_stays_counted() -> None:
    accepted = judge([found("copied-file", "m", file=FILE)], accept())
    assert accepted == Accepted((), 1)


def test_the_last_day_still_counts_and_the_day_after_does_not() -> None:
    finding = found("copied-file", "m", file=FILE)
    assert judge([finding], accept(until=TODAY)).suppressed == 1
    late = judge([finding], accept(until=YESTERDAY))
    assert checks_of(late) == ["copied-file", "accept-expired"]
    assert late.suppressed == 0


@pytest.mark.parametrize(
    "finding",
    [
        found("copied-file", "m", file="infra/secrets/other.yaml", path="a"),
        found("file-mode", "m", file=FILE, path="a"),
        found("copied-file", "m", file=FILE, path="b"),
        found("copied-file", "m", file=FILE),
    ],
)
def test_another_file_check_or_path_is_not_covered(finding: Finding) -> None:
    accepted = judge([finding], accept(path="a"))
    assert checks_of(accepted) == [finding.check, "accept-unused"]


def test_an_accept_without_path_covers_every_path_of_the_file() -> None:
    findings = [found("copied-file", "m", file=FILE, path=path) for path in ("a", "b")]
    assert judge(findings, accept()).suppressed == 2


@pytest.mark.parametrize("check", sorted(one.id for one in CHECKS.values() if not one.acceptable))
def test_what_breaks_the_promise_cannot_be_accepted(check: str) -> None:
    accepted = judge([found(check, "m", file=FILE)], accept(check))
    assert checks_of(accepted) == [check, "accept-invalid"]
    assert accepted.suppressed == 0


def test_plaintext_in_an_encrypted_scope_is_among_what_cannot_be_accepted() -> None:
    for check in ("not-encrypted", "plaintext-secret", "not-a-secret-file", "mac-mismatch"):
        assert not CHECKS[check].acceptable


def test_a_misspelt_check_is_an_error() -> None:
    accepted = judge([], accept("copied-fiel"))
    assert [(one.check, one.severity) for one in accepted.findings] == [
        ("accept-invalid", Severity.ERROR)
    ]


def test_an_exception_that_this_run_could_not_see_is_not_called_unused() -> None:
    assert judge([], accept(), checked=False).findings == ()


def test_two_faulty_exceptions_have_different_fingerprints() -> None:
    accepted = judge([], accept(), accept(path="a"))
    assert len({one.fingerprint for one in accepted.findings}) == 2


NAMES = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)


@example(file='"quoted".yaml', path='a["b\\c"]')
@example(file="tab\t.yaml", path="\x1b")
@example(file="\U0001f511.yaml", path="\U000e0001")
@given(file=NAMES, path=st.none() | NAMES)
def test_what_is_proposed_is_read_back_and_accepts_the_finding(file: str, path: str | None) -> None:
    finding = found("copied-file", "m", file=file, path=path)
    text = propose_accepts([finding], today=TODAY)
    accepts = parse_settings(text.encode()).policy.accepts
    assert [(one.check, one.file, one.path) for one in accepts] == [("copied-file", file, path)]
    assert judge([finding], *accepts) == Accepted((), 1)


def test_no_exception_is_proposed_for_notes_or_for_what_cannot_be_accepted() -> None:
    findings = [
        found("copied-file", "m", file=FILE, severity=Severity.NOTE),
        found("mac-mismatch", "m", file=FILE),
        found("accept-unused", "m", file="plana-secrets.toml"),
    ]
    assert propose_accepts(findings, today=TODAY) == ""


def test_several_proposals_are_one_toml_document() -> None:
    findings = [found("copied-file", "m", file=f"{name}.yaml") for name in "abc"]
    text = propose_accepts([*findings, *findings], today=TODAY)
    assert [one["file"] for one in tomllib.loads(text)["verify"]["accept"]] == [
        "a.yaml", "b.yaml", "c.yaml",
    ]  # fmt: skip
