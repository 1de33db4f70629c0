"""Globs mean what they mean in a .gitignore; git itself is the judge."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from plana_secrets.errors import UsageError
from plana_secrets.secretfiles.globs import glob_match, glob_problem, last_match

FILES = [
    "a.yaml", "b.yml", "infra/a.yaml", "infra/secrets/a.yaml", "infra/secrets/prod/a.yaml",
    "infra/secrets/prod/deep/x/a.yaml", "infra/secrets/README.md", "x/infra/secrets/a.yaml",
    "infra/secrets/a[1].yaml", "infra/secrets/prod/kustomization.yaml", "infra/secretsx/a.yaml",
    "infra/secrets/.hidden", "infra/secrets/a b.yaml", "infra/secrets/ab/ab",
]  # fmt: skip

PATTERNS = [
    ["**/README.md"], ["README.md"], ["/a.yaml"], ["a.yaml"], ["infra/**"], ["infra/secrets/*"],
    ["infra/secrets/**/a.yaml"], ["infra/*/a.yaml"], ["secrets/"], ["infra/secrets"],
    ["**"], ["*.y?ml"], ["[ab].yaml"], ["[!a].yml"], ["infra/secrets/a\\[1\\].yaml"],
    ["*.yaml", "!a.yaml", "/a.yaml"], ["infra/secrets/prod/**"],
    ["**/prod/**/a.yaml"], ["infra/secrets/a b.yaml"], ["*/a.yaml"], ["[^a].yml"], ["infra[/]a.yaml"], ["infra[!x]a.yaml"], ["[]a].yaml"], ["ab"], ["**/kustomization.yaml"],
]  # fmt: skip


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("globs")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@pytest.mark.parametrize("patterns", PATTERNS, ids=" ".join)
def test_agrees_with_git(judge: Path, patterns: list[str]) -> None:
    """The verdict over the last matching pattern is git's, for every file."""
    (judge / ".git/info/exclude").write_text("\n".join(patterns) + "\n")
    done = subprocess.run(
        ["git", "-C", str(judge), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(FILES).encode(), capture_output=True, check=False,
    )  # fmt: skip
    expected = {name for name in done.stdout.decode().split("\0") if name}
    assert {file for file in FILES if glob_match(patterns, file)} == expected


def test_the_last_match_wins_and_is_told() -> None:
    patterns = ["infra/secrets/**", "infra/secrets/prod/**"]
    assert last_match(patterns, "infra/secrets/prod/a.yaml") == "infra/secrets/prod/**"
    assert last_match(patterns, "infra/secrets/dev/a.yaml") == "infra/secrets/**"
    assert last_match(patterns, "elsewhere.yaml") is None


def test_what_was_taken_back_does_not_match() -> None:
    patterns = ["**/*.md", "!keep.md"]
    assert glob_match(patterns, "d/readme.md")
    assert not glob_match(patterns, "d/keep.md")


@pytest.mark.parametrize("pattern", ["[a", "[z-a]", "a\\", "[[:alpha:]]", "a" * 1001, "!["])
def test_what_is_no_glob_is_refused(pattern: str) -> None:
    """The pattern is named; nothing is matched by a guess."""
    assert glob_problem("a*") is None
    assert glob_problem(pattern) is not None
    with pytest.raises(UsageError) as caught:
        glob_match([pattern], "a")
    assert caught.value.kind == "bad-glob"


@pytest.mark.parametrize(
    "pattern", ["**/" * 200 + "x", "*a" * 200 + "x", "**/*a*/" * 60 + "x", "[ab]*" * 150 + "x"]
)
def test_a_hostile_glob_is_matched_in_linear_time(pattern: str) -> None:
    start = time.process_time()
    assert not glob_match([pattern], "ab/a" * 1000)
    assert time.process_time() - start < 1.5
