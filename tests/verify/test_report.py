"""The outcome of a run: its exit code, its JSON, its last line."""

from __future__ import annotations

import pytest

from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import CHECKS, found
from plana_secrets.verify.check import Level
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report, Unfinished, View, in_order
from plana_secrets.verify.report.formats import FORMATS
from plana_secrets.verify.report.json import to_object
from plana_secrets.verify.report.summary import summary
from plana_secrets.verify.report.text import SHOWN_OF_A_CHECK, to_lines

ERROR = found("no-rule", "m", file="a.yaml")
WARNING = found("copied-file", "m", file="a.yaml")
NOTE = found("copied-file", "m", file="a.yaml", severity=Severity.NOTE)


def report(
    *findings: Finding,
    levels: tuple[Level, ...] = (Level.L3,),
    files: int | None = None,
    asked: Level | None = None,
    unfinished: tuple[Unfinished, ...] = (),
    suppressed: int = 0,
) -> Report:
    return Report(
        file_levels={f"{at}.yaml": level for at, level in enumerate(levels)},
        findings=in_order(list(findings)),
        suppressed=suppressed,
        asked=asked,
        unfinished=unfinished,
        files=len(levels) if files is None else files,
    )


@pytest.mark.parametrize(
    ("findings", "strict", "code"),
    [
        ([], False, 0),
        ([NOTE], True, 0),
        ([WARNING], False, 0),
        ([WARNING], True, 1),
        ([ERROR], False, 1),
    ],
)
def test_a_finished_run_ends_with_1_on_errors_and_if_strict_on_warnings(
    findings: list[Finding], strict: bool, code: int
) -> None:
    assert report(*findings).exit_code(strict=strict) == code


def test_a_level_that_was_not_reached_is_4_and_never_looks_complete() -> None:
    low = report(levels=(Level.L3, Level.L1), asked=Level.L3)
    assert (low.exit_code(), low.complete, low.level) == (4, False, Level.L1)


def test_findings_in_a_run_that_did_not_finish_are_3() -> None:
    stopped = (Unfinished("the mirror: no answer", 5),)
    assert report(ERROR, unfinished=stopped).exit_code() == 3
    assert report(unfinished=stopped).exit_code() == 5
    assert report(ERROR, levels=(Level.L1,), asked=Level.L3).exit_code() == 3
    assert report(files=2).exit_code() == 3


def test_the_last_line_says_what_next() -> None:
    findings = [
        found(check, "m", file=f"{at}.yaml")
        for check in ("copied-file", "file-mode", "rotation-overdue", "accept-unused")
        for at in range(4)
    ]
    assert summary(report(*findings, levels=(Level.L3,) * 80)) == (
        "80 files, L3, 0 errors, 16 warnings in 4 checks; next: plana-secrets verify --propose-accepts"
    )


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (report(), "1 file, L3, 0 errors, 0 warnings"),
        (report(NOTE), "1 file, L3, 0 errors, 0 warnings"),
        (report(ERROR), "1 file, L3, 1 error, 0 warnings in 1 check"),
        (report(suppressed=2), "1 file, L3, 0 errors, 0 warnings, 2 accepted"),
        (
            report(levels=(Level.L1, Level.L3)),
            "2 files, L1 (1 file at L3), 0 errors, 0 warnings",
        ),
        (
            report(WARNING, files=3),
            "1 of 3 files, L3, 0 errors, 1 warning in 1 check; INCOMPLETE",
        ),
    ],
)
def test_the_last_line_counts(outcome: Report, line: str) -> None:
    assert summary(outcome) == line


def test_warnings_of_many_places_are_shortened_and_errors_are_not() -> None:
    many = [found("copied-file", "m", file=f"{at:03}.yaml") for at in range(50)]
    bad = [found("no-rule", "m", file=f"{at:03}.yaml") for at in range(50)]
    lines = to_lines(report(*many, *bad))
    assert sum(line.rpartition(": ")[2] == "m" for line in lines) == 50 + SHOWN_OF_A_CHECK
    assert f"  and {50 - SHOWN_OF_A_CHECK} more places" in lines
    assert len(to_lines(report(*many), everything=True)) > 50


def test_a_check_names_the_command_that_explains_it_once() -> None:
    many = [found("copied-file", "m", file=f"{at:03}.yaml") for at in range(50)]
    lines = to_lines(report(*many, ERROR))
    assert [line for line in lines if "explain" in line] == [
        "  more: plana-secrets explain no-rule",
        "  more: plana-secrets explain copied-file",
    ]


def test_errors_come_first() -> None:
    lines = to_lines(report(WARNING, ERROR))
    assert lines.index("error: no-rule") < lines.index("warning: copied-file")


def test_a_finding_is_listed_once() -> None:
    assert len(report(ERROR, ERROR).findings) == 1


def test_the_json_form_has_the_fixed_names() -> None:
    finding = Finding("no-rule", Severity.ERROR, "m", "a.yaml", 3, "x.y")
    content = to_object(report(finding, suppressed=1))
    assert {name: content[name] for name in ("level", "files", "checked", "complete", "suppressed")} == {
        "level": "L3", "files": 1, "checked": 1, "complete": True, "suppressed": 1,
    }  # fmt: skip
    assert content["findings"] == [
        {
            "check": "no-rule",
            "severity": "error",
            "file": "a.yaml",
            "line": 3,
            "path": "x.y",
            "commit": None,
            "message": "m",
            "fix": CHECKS["no-rule"].fix,
            "fingerprint": finding.fingerprint,
        }
    ]


@pytest.mark.parametrize("form", ["text", "json", "github", "markdown"])
def test_a_fix_can_be_pasted(form: str) -> None:
    def shown(*findings: Finding) -> str:
        return FORMATS[form](report(*findings), View())

    one = found("not-sops", "m", file="a/b c.yaml")
    assert "plana-secrets encrypt 'a/b c.yaml'" in shown(one)
    value = found("placeholder-value", "m", file="a.yaml", path="list[0].x")
    assert "plana-secrets set a.yaml 'list[0].x'" in shown(value)
    late = found("rotation-overdue", "m", file="k.yaml", keyset="shop/two words")
    assert "plana-secrets rotate run 'shop/two words'" in shown(late)
    for hostile in ("a`b.yaml", "a\u202eb.yaml", "a\nb.yaml"):
        assert "plana-secrets encrypt FILE" in shown(found("not-sops", "m", file=hostile))


def test_of_several_places_a_fix_names_what_they_share() -> None:
    both = [found("placeholder-value", "m", file="a.yaml", path=path) for path in "xy"]
    assert "plana-secrets set a.yaml PATH" in "\n".join(to_lines(report(*both)))
    keysets = [found("rotation-overdue", "m", file=one, keyset=one) for one in ("a", "b")]
    assert "plana-secrets rotate run NAME" in "\n".join(to_lines(report(*keysets)))
    files = [found("not-sops", "m", file=file) for file in ("a.yaml", "b.yaml")]
    assert "plana-secrets encrypt FILE" in "\n".join(to_lines(report(*files)))


def test_a_fingerprint_survives_a_moved_line_and_another_wording() -> None:
    one = Finding("no-rule", Severity.ERROR, "m", "a.yaml", 3, "x")
    other = Finding("no-rule", Severity.WARNING, "n", "a.yaml", 9, "x")
    elsewhere = Finding("no-rule", Severity.ERROR, "m", "a.yaml", 3, "y")
    assert one.fingerprint == other.fingerprint != elsewhere.fingerprint


def test_errors_come_first_then_warnings_then_notes_and_none_twice() -> None:
    made = [
        Finding(check, severity, "m", file, line, path)
        for check, severity, file, line, path in (
            ("a-note", Severity.NOTE, "f", None, None),
            ("b-warning", Severity.WARNING, "f", None, None),
            ("c-error", Severity.ERROR, "g", None, None),
            ("c-error", Severity.ERROR, "f", 2, None),
            ("c-error", Severity.ERROR, "f", 1, "y"),
            ("c-error", Severity.ERROR, "f", 1, "x"),
            ("c-error", Severity.ERROR, None, None, None),
        )
    ]
    expected = [made[place] for place in (6, 5, 4, 3, 2, 1, 0)]
    assert list(in_order([*made, *made])) == expected
    assert list(in_order(tuple(reversed(made)))) == expected
