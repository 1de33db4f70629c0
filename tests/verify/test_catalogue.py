"""The table of checks: complete, and written for people."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pyrage
import pytest

import plana_secrets
from plana_secrets.sops.reading.scalars import key_problem
from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.catalogue.commits import COMMIT_CHECKS
from plana_secrets.verify.catalogue.content import CONTENT_CHECKS
from plana_secrets.verify.catalogue.examples import EXAMPLES
from plana_secrets.verify.catalogue.policy import POLICY_CHECKS
from plana_secrets.verify.catalogue.repository import REPOSITORY_CHECKS
from plana_secrets.verify.catalogue.rules import RULES_CHECKS
from plana_secrets.verify.check import Check

PACKAGE = Path(plana_secrets.__file__).parent
MAKERS = {"Defect", "refuse", "_refuse", "_report", "_defect", "found"}
WORD = re.compile(r"[a-z]+(-[a-z0-9]+)*")


def words_of(file: Path) -> set[str]:
    """The words that a module hands to what makes defects and findings."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            values = [*node.args[:1], *(one.value for one in node.keywords if one.arg == "check")]
            if name in MAKERS:
                found |= {one.value for one in values if isinstance(one, ast.Constant)}
    return {word for word in found if isinstance(word, str) and WORD.fullmatch(word)}


@pytest.mark.parametrize("folder", ["sops", "rotation", "verify"])
def test_no_code_names_a_check_that_is_not_explained(folder: str) -> None:
    files = sorted((PACKAGE / folder).rglob("*.py"))
    words = {word for file in files for word in words_of(file)}
    assert words <= CHECKS.keys()
    assert words or folder == "rotation"


def test_the_reader_of_keys_names_checks_that_are_explained() -> None:
    named = {key_problem("", plain=False), key_problem("a:b", plain=False)}
    assert named - {None} <= CHECKS.keys()


def test_no_check_is_there_twice() -> None:
    tables = (CONTENT_CHECKS, POLICY_CHECKS, RULES_CHECKS, REPOSITORY_CHECKS, COMMIT_CHECKS)
    every = [check for table in tables for check in table]
    assert len(every) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))
def test_a_check_has_an_id_and_three_texts_in_sentences(check: Check) -> None:
    assert WORD.fullmatch(check.id)
    assert check.what.endswith(".")
    assert check.why.endswith(".")
    assert check.fix


def test_every_check_has_an_example() -> None:
    assert CHECKS.keys() == EXAMPLES.keys()
    for bad, good in EXAMPLES.values():
        assert bad
        assert good
        assert bad != good


SHOWN = [check.id for check in RULES_CHECKS if "creation_rules:" in EXAMPLES[check.id].bad]


@pytest.mark.parametrize("check", [one for one in SHOWN if one != "rules-nested"])
def test_the_rules_of_an_example_are_what_the_check_finds(check: str) -> None:
    bad, good = (parse_rules(with_recipients(text)) for text in EXAMPLES[check])
    assert check in {one.check for one in bad.defects}
    assert not good.defects


def with_recipients(text: str) -> bytes:
    """An example with a real recipient for each name."""
    names = sorted(set(re.findall(r"age1\w+\.\.\.", text)))
    for name in names:
        text = text.replace(name, str(pyrage.x25519.Identity.generate().to_public()))
    return text.encode()
