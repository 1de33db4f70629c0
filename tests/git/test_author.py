"""Whose name a commit has where git knows no one, as in a job."""

from __future__ import annotations

import pytest

from plana_secrets.git.author import Author, has_author, parse_author, stand_in
from plana_secrets.git.commits import build_commit
from plana_secrets.git.repository import Repository
from tests.world import World

JOB = Author("a job", "job@example.com")
ROLES = [f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]


@pytest.fixture
def nameless(git_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ROLES:
        monkeypatch.delenv(name)
    git_world.git("config", "user.useConfigOnly", "true")
    return git_world


def names(world: World, commit: str) -> str:
    return world.git("log", "-1", "--format=%an <%ae>, %cn <%ce>", commit).strip()


def test_where_git_knows_no_one_the_commit_has_our_name(
    nameless: World, repository: Repository
) -> None:
    assert not has_author(repository.command)
    commit = build_commit(repository.command, {"a": b"x"}, "m", parent=None, author=JOB)
    assert names(nameless, commit) == "a job <job@example.com>, a job <job@example.com>"


def test_what_git_knows_comes_first_in_each_role(
    nameless: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "ada")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ada@example.com")
    commit = build_commit(repository.command, {"a": b"x"}, "m", parent=None, author=JOB)
    assert names(nameless, commit) == "ada <ada@example.com>, a job <job@example.com>"
    nameless.git("config", "user.name", "bea")
    nameless.git("config", "user.email", "bea@example.com")
    assert has_author(repository.command)
    assert stand_in(repository.command, JOB) == {}


@pytest.mark.parametrize("text", ["a <b@c>", "A. B (team) <a-b+c@d.example>", "Ä <ä>"])
def test_an_author_is_spelled_as_in_git(text: str) -> None:
    author = parse_author(text)
    assert f"{author.name} <{author.email}>" == text


@pytest.mark.parametrize(
    "text",
    ["", "a", "<b@c>", "a <>", "a<b>", "a <b> ", "a <b c>", ". <b>", "a\n <b>", "a <b>\n<c>"],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="NAME <EMAIL>"):
        parse_author(text)
