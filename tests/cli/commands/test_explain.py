"""``explain`` as a person and a script call it; it needs no repository."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from plana_secrets.cli.commands.explain import complete_check
from plana_secrets.cli.context import Context
from plana_secrets.cli.main import program
from plana_secrets.errors import UsageError
from plana_secrets.verify.catalogue import CHECKS


def run(*argv: str) -> str:
    done = CliRunner().invoke(program, ["explain", *argv], obj=Context(), standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.stdout


def test_the_list_has_every_check() -> None:
    assert [line.split()[0] for line in run().splitlines()] == list(CHECKS)


def test_one_check_is_explained() -> None:
    shown = run("mac-mismatch")
    assert shown.startswith("mac-mismatch\nerror, level L3")
    assert "\nfix: " in shown


@pytest.mark.parametrize(("argv", "count"), [((), len(CHECKS)), (("no-rule",), 1)])
def test_json_has_one_shape_for_both(argv: tuple[str, ...], count: int) -> None:
    content = json.loads(run(*argv, "--json"))
    assert content["schema"] == "plana-secrets/explain/1"
    assert len(content["checks"]) == count
    assert set(content["checks"][0]) == {
        "check", "severity", "level", "acceptable", "what", "why", "fix", "example",
    }  # fmt: skip


def test_a_check_that_is_none_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as stopped:
        run("no-such")
    assert stopped.value.kind == "no-such-check"


def test_names_are_completed() -> None:
    names = [one.value for one in complete_check(None, None, "rules-un")]
    assert names == [
        "rules-unreadable",
        "rules-unreadable-rule",
        "rules-unknown-key",
        "rules-unreachable",
        "rules-unanchored",
    ]
