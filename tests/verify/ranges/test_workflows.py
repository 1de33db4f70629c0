"""Workflows that run us: gone, changed, or only moved."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from plana_secrets.verify.ranges.workflows import check_workflow, is_workflow
from tests.verify.inprocess import of_check, write
from tests.verify.ranges.inprocess import errors, verify_commits
from tests.world import World

FILE = ".forgejo/workflows/secrets.yml"
GOOD = b"on: [pull_request]\njobs:\n  a:\n    steps:\n      - run: plana-secrets verify\n"


@pytest.mark.parametrize(
    ("new", "severities"),
    [
        (GOOD, []),
        (None, ["error"]),
        (b"", ["error"]),
        (GOOD.replace(b"verify", b"verify || true"), ["error"]),
        (GOOD.replace(b"- run", b"# - run"), ["error"]),
        (GOOD.replace(b"  a:", b"  a:\n    if: false"), ["warning"]),
    ],
)
def test_what_became_of_it(new: bytes | None, severities: list[str]) -> None:
    assert [str(one.severity) for one in check_workflow(FILE, GOOD, new)] == severities


def test_one_that_never_ran_us_is_free() -> None:
    assert not list(check_workflow(FILE, b"on: push\n", None))
    assert not is_workflow("docs/workflows/a.yml")


def test_in_a_range(world: World) -> None:
    world.encrypt("infra/secrets/a.yaml", "a: b\n")
    write(world, FILE, GOOD)
    world.commit()
    (world.repo / FILE).unlink()
    world.commit()
    assert errors(verify_commits(world, "HEAD~1..")) == [("policy-weakened", FILE, None)]
    assert not of_check(verify_commits(world, "HEAD.."), "policy-weakened")


@pytest.mark.parametrize(
    ("before", "content", "is_warned"),
    [(".github", b"on: push\n", True), (".github", GOOD, False), (".forgejo", b"on: push\n", False)],
)  # fmt: skip
def test_a_new_folder_for_which_a_forge_leaves_out_the_old_one(
    world: World, before: str, content: bytes, is_warned: bool
) -> None:
    world.encrypt("infra/secrets/a.yaml", "a: b\n")
    write(world, f"{before}/workflows/secrets.yml", GOOD)
    world.commit()
    write(world, ".forgejo/workflows/other.yml", content)
    world.commit()
    report = verify_commits(world, "HEAD~1..")
    found = [(one.file, str(one.severity)) for one in of_check(report, "policy-weakened")]
    assert found == [(".forgejo/workflows/other.yml", "warning")] * is_warned


def test_the_hook_of_pre_commit_runs(world: World) -> None:
    root = Path(__file__).parents[3]
    (hook,) = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    program, *arguments = shlex.split(hook["entry"])
    assert (program, hook["language"], hook["pass_filenames"]) == ("plana-secrets", "python", False)
    world.encrypt("infra/secrets/a.yaml", "a: b\n")
    world.commit()
    assert world.run(*arguments).status == 0
    write(world, "infra/secrets/b.yaml", "token: hunter2\n")
    world.git("add", "-A")
    assert world.run(*arguments).status == 1
