"""Every form of a report: nothing foreign acts in it, and an incomplete run looks incomplete."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.check import Level
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report, Unfinished, View, in_order
from plana_secrets.verify.report.formats import FORMATS
from tests.markup import PLAIN_ELEMENTS, markup_of

SCHEMA = Path(__file__).parents[1] / "vectors" / "sarif" / "sarif-schema-2.1.0.json"
"""From github.com/oasis-tcs/sarif-spec, sarif-2.1/schema, at commit e0583813964e."""

HOSTILE = [
    "a\n::error::x",
    "::set-output name=a::b",
    "a##[add-mask]b",
    "\x1b[2J\x1b]52;c;aGk=\x07",
    "\u202egpj.yaml",
    "a\rb\x85c\u2028d",
    "%0A::error::x",
    "a,line=1::x:",
    "`</code><img src=x onerror=alert(1)>`",
    "``` ` @admin #1 https://example.com",
    "[click](https://example.com)",
    "| a | b |",
    "-->]]>&lt;",
    "bytes\udcff",
    "\U000e0041\u200b\ufeff",
]
PLAIN = View()


def report(*findings: Finding, files: int = 1, **more: Any) -> Report:
    return Report({"a.yaml": Level.L3}, in_order(list(findings)), files=files, **more)


def finding(text: str = "m", line: int | None = 3, check: str = "no-rule") -> Finding:
    return Finding(check, Severity.ERROR, text, text, line, text)


def hostile(text: str) -> Report:
    return report(finding(text), unfinished=(Unfinished(text, 3),))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_acts_in_no_form(form: str, text: str) -> None:
    check_harmless(form, FORMATS[form](hostile(text), PLAIN))


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=20)
@given(text=st.lists(st.sampled_from([*HOSTILE, "`", "\n", "[", "]", "(", ":", "<", "\\", "\x1b"])))
def test_no_name_acts_in_any_form(form: str, text: list[str]) -> None:
    check_harmless(form, FORMATS[form](hostile("".join(text)), PLAIN))


def check_harmless(form: str, shown: str) -> None:
    assert all(one.isprintable() or one in "\n\u200a" for one in shown)
    CHECKERS[form](shown)


def no_command(shown: str) -> None:
    assert not any(line.strip().startswith("::") for line in shown.splitlines())
    assert not re.search(r"##[a-z]*\[", shown)


def only_our_commands(shown: str) -> None:
    """As the runner of GitHub reads them; what it decodes is shown and not read again."""
    commands = [parse_command(line) for line in shown.splitlines()]
    assert [name for name, _ in commands] == ["error"] * 3
    assert [set(given) for _, given in commands] == [
        {"title", "file", "line"},
        {"title"},
        {"title"},
    ]
    assert commands[0][1]["line"] == "3"
    assert not re.search(r"##[a-z]*\[", shown)


def parse_command(line: str) -> tuple[str, dict[str, str]]:
    match = re.fullmatch(r"::([a-z-]+) (.*?)::(.*)", line)
    assert match, line
    return match[1], dict(one.split("=", 1) for one in match[2].split(","))


def no_markup(shown: str) -> None:
    """Outside of code spans is nothing but our own words; no line is of a name alone."""
    no_command(shown)
    for line in shown.splitlines():
        words = re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", line)
        assert not re.search(r"[<>|@]|\]\(|example\.com|#1", words), line


@pytest.mark.parametrize("text", HOSTILE)
def test_a_parser_of_markdown_sees_a_hostile_name_as_code_alone(text: str) -> None:
    def seen(name: str) -> tuple[set[str], str]:
        outcome = report(finding(name), unfinished=(Unfinished(name, 3),), remarks=(name,))
        return markup_of(FORMATS["markdown"](outcome, PLAIN))

    assert seen(text) == seen("m")
    assert seen("m")[0] <= PLAIN_ELEMENTS


def json_alone(shown: str) -> None:
    assert shown.isascii()
    json.loads(shown)


def sarif_alone(shown: str) -> None:
    json_alone(shown)
    run = json.loads(shown)["runs"][0]
    texts = [one["message"]["text"] for one in run["results"]]
    texts += [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    for text in texts:
        assert not re.search(r"(?<!\\)\]\(", text)
        assert not set(text) & set("\n\r\x1b\u202e")


CHECKERS: dict[str, Callable[[str], None]] = {
    "text": no_command,
    "json": json_alone,
    "sarif": sarif_alone,
    "github": only_our_commands,
    "markdown": no_markup,
}

GAPS = [
    report(files=2),
    report(unfinished=(Unfinished("the mirror: no answer", 5),)),
    report(asked=Level.L4),
    Report({}, (), unfinished=(Unfinished("the run did not end", 3),)),
]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("outcome", GAPS)
def test_a_run_that_did_not_finish_looks_incomplete_in_every_form(
    form: str, outcome: Report
) -> None:
    shown = FORMATS[form](outcome, PLAIN)
    assert is_incomplete(form, shown)
    assert not is_incomplete(form, FORMATS[form](report(), PLAIN))


def is_incomplete(form: str, shown: str) -> bool:
    if form == "json":
        return json.loads(shown)["complete"] is False
    if form == "sarif":
        (invocation,) = json.loads(shown)["runs"][0]["invocations"]
        return not invocation["executionSuccessful"] and bool(
            invocation["toolExecutionNotifications"]
        )
    return "incomplete" in shown.lower() and "; INCOMPLETE" in shown


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_says_the_level_and_how_many_files(form: str) -> None:
    shown = FORMATS[form](report(files=2), PLAIN)
    if form in {"json", "sarif"}:
        content = json.loads(shown)
        content = content["runs"][0]["properties"] if form == "sarif" else content
        assert (content["level"], content["files"], content["checked"]) == ("L3", 2, 1)
    else:
        assert "1 of 2 files, L3" in shown


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_says_what_was_compared(form: str) -> None:
    shown = FORMATS[form](report(remarks=("0 of 60 secret files changed",)), PLAIN)
    assert "0 of 60 secret files changed" in shown


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_has_check_place_message_and_fix(form: str) -> None:
    one = Finding("no-rule", Severity.ERROR, "the message", "in/a b.yaml", 7, "db.password")
    shown = unquote(html.unescape(FORMATS[form](report(one), PLAIN)))
    for text in ("no-rule", "the message", "in/a b.yaml", "7", "db.password"):
        assert text in shown
    assert CHECKS["no-rule"].fix.split("_")[0] in shown


def sarif_of(*findings: Finding, **more: Any) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(FORMATS["sarif"](report(*findings, **more), PLAIN))["runs"][0]
    return run


@pytest.mark.parametrize("text", ["m", *HOSTILE])
def test_sarif_is_valid_by_its_schema(text: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="scripts/test installs it")
    log = json.loads(FORMATS["sarif"](hostile(text), PLAIN))
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(log)


def test_sarif_names_the_rule_and_the_bytes_of_the_file() -> None:
    run = sarif_of(Finding("mac-mismatch", Severity.ERROR, "m", "a:b/\udcff ü.yaml", 2, "x"))
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "mac-mismatch"
    assert rule["help"]["text"].startswith(CHECKS["mac-mismatch"].fix)
    assert "```text" in rule["help"]["markdown"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%3Ab/%FF%20%C3%BC.yaml"
    assert place["region"] == {"startLine": 2}
    assert "snippet" not in json.dumps(run)


def test_sarif_fingerprints_are_of_one_finding_and_survive_a_moved_line() -> None:
    def prints(*lines: int) -> list[str]:
        run = sarif_of(*(Finding("plain-comment", Severity.ERROR, "m", "a", one) for one in lines))
        return [one["partialFingerprints"]["planaSecrets/v1"] for one in run["results"]]

    assert prints(3, 8) == prints(5, 90)
    assert len(set(prints(3, 8))) == 2


def test_an_annotation_has_its_properties_decoded_by_the_runner() -> None:
    one = Finding("no-rule", Severity.WARNING, "100%", "a,b:c%.yaml", 4, "x")
    first = FORMATS["github"](report(one), PLAIN).splitlines()[0]
    assert first.startswith("::warning title=no-rule,file=a%2Cb%3Ac%25.yaml,line=4::")
    assert "x: 100%25%0Afix: " in first


@pytest.mark.parametrize(
    ("severity", "strict", "verdict"),
    [
        (Severity.ERROR, False, "failed"),
        (Severity.WARNING, False, "passed"),
        (Severity.WARNING, True, "failed"),
        (Severity.NOTE, True, "passed"),
    ],
)
def test_markdown_begins_with_the_verdict(severity: Severity, strict: bool, verdict: str) -> None:
    shown = FORMATS["markdown"](report(Finding("no-rule", severity, "m", "a")), View(strict=strict))
    assert shown.startswith(f"### plana-secrets verify: {verdict}\n")


def test_a_long_comment_is_cut_and_says_so() -> None:
    many = [Finding("no-rule", Severity.ERROR, "m" * 90, f"{at:05}") for at in range(2000)]
    warning = Finding("copied-file", Severity.WARNING, "m", "a")
    shown = FORMATS["markdown"](report(*many, warning), PLAIN)
    listed = shown.count("\n- ")
    assert 100 < listed < 2000
    assert len(shown) < 65_000
    assert shown.endswith(f"{2001 - listed} more findings: run `plana-secrets verify`.\n")
