"""``--range auto``: the events of the forges, and the range that each means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.git.repository import Repository
from plana_secrets.verify.ranges.ends import ends_of_event, parse_range
from plana_secrets.verify.ranges.events import Event, event_file, read_event
from plana_secrets.verify.ranges.run import Ends
from tests.verify.inprocess import write
from tests.world import World

ONE, TWO, ZERO = "1" * 40, "2" * 40, "0" * 40
HERE = {"repository": {"default_branch": "main"}}
PUSH = {**HERE, "before": ONE, "after": TWO, "ref": "refs/heads/topic"}


def of(payload: Any) -> Event | None:
    return read_event({}, json.dumps(payload).encode())


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        ({**HERE, "pull_request": {"base": {"sha": ONE}, "head": {"sha": TWO}}},
         Event(ONE, TWO, None, "main")),
        ({**HERE, "merge_group": {"base_sha": ONE, "head_sha": TWO}}, Event(ONE, TWO, None, "main")),
        (PUSH, Event(ONE, TWO, "topic", "main")),
        ({**PUSH, "before": ZERO}, Event(None, TWO, "topic", "main")),
        ({**PUSH, "after": ZERO}, None),
        ({**PUSH, "ref": "refs/tags/v1"}, None),
        ({**HERE, "schedule": "0 0 * * *"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_event_file(payload: dict[str, Any], event: Event | None) -> None:
    assert of(payload) == event


@pytest.mark.parametrize("forge", ["FORGEJO", "GITEA", "GITHUB"])
@pytest.mark.parametrize("name", ["schedule", "workflow_dispatch"])
def test_the_push_that_brought_a_schedule_is_not_its_range(forge: str, name: str) -> None:
    content = json.dumps(PUSH).encode()
    assert read_event({f"{forge}_EVENT_NAME": name}, content) is None
    assert read_event({f"{forge}_EVENT_NAME": "push"}, content) is not None


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff", b'{"pull_request": {"base": 1}}', b'{"pull_request": "x"}',
     b'{"before": 1, "after": "2", "ref": "r"}', b'{"repository": 5}', b"[" * 100_000],
)  # fmt: skip
def test_a_file_that_no_forge_writes(content: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        read_event({}, content)
    assert caught.value.kind == "bad-event"


GITLAB = {"CI_COMMIT_SHA": TWO, "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": ONE,
          "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "topic"}  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "event"),
    [
        (GITLAB, Event(ONE, TWO, "topic", "main")),
        ({**GITLAB, "CI_COMMIT_BEFORE_SHA": ZERO}, Event(None, TWO, "topic", "main")),
        ({**GITLAB, "CI_COMMIT_TAG": "v1"}, None),
        ({**GITLAB, "CI_PIPELINE_SOURCE": "schedule"}, None),
        ({**GITLAB, "CI_MERGE_REQUEST_DIFF_BASE_SHA": ONE,
          "CI_PIPELINE_SOURCE": "merge_request_event"}, Event(ONE, TWO, None, "main")),
        ({}, None),
    ],
)  # fmt: skip
def test_gitlab(variables: Mapping[str, str], event: Event | None) -> None:
    assert read_event(variables, None) == event


def test_each_forge_names_its_file() -> None:
    for name in ("FORGEJO_EVENT_PATH", "GITEA_EVENT_PATH", "GITHUB_EVENT_PATH"):
        assert event_file({name: "/x"}) == "/x"
    assert event_file({"GITHUB_EVENT_PATH": ""}) is None


@pytest.fixture
def branched(world: World) -> tuple[Repository, str, str]:
    """main, and a topic with a commit on top of it: the repository and both commits."""
    write(world, "a", "1")
    main = world.commit()
    world.git("checkout", "-q", "-b", "topic")
    write(world, "a", "2")
    return Repository.open(world.repo), main, world.commit()


def test_from_one_commit_to_another(branched: tuple[Repository, str, str]) -> None:
    repository, main, topic = branched
    assert ends_of_event(repository, Event(main, topic)) == Ends(main, main, topic)


def test_a_push_that_takes_commits_back_is_compared_with_them(
    branched: tuple[Repository, str, str],
) -> None:
    repository, main, topic = branched
    back = Ends(topic, topic, main)
    assert ends_of_event(repository, Event(topic, main)) == back
    assert parse_range(repository, f"{topic}..{main}") == back
    write_to = repository.root / "a"
    write_to.write_text("3")
    repository.command.run_open("commit", "-q", "-a", "--amend", "-m", "x")
    forced = repository.head() or ""
    assert ends_of_event(repository, Event(topic, forced, "topic")).base == topic
    assert ends_of_event(repository, Event(topic, forced)).base == main


def test_a_history_of_its_own_is_compared_with_what_it_replaces(
    branched: tuple[Repository, str, str],
) -> None:
    repository, main, _ = branched
    repository.command.run_open("checkout", "-q", "--orphan", "other")
    repository.command.run_open("commit", "-q", "-m", "x")
    other = repository.head() or ""
    assert parse_range(repository, f"{main}..{other}") == Ends(main, main, other)
    assert ends_of_event(repository, Event(main, other)) == Ends(main, main, other)


@pytest.mark.parametrize("before", [None, ONE])
def test_a_new_branch_counts_from_the_default_one(
    branched: tuple[Repository, str, str], before: str | None
) -> None:
    repository, main, topic = branched
    ends = ends_of_event(repository, Event(before, topic, "topic", "main"))
    assert (ends.base, ends.head) == (main, topic)
    assert "merge base with main" in str(ends.remark)


def test_the_default_branch_itself(branched: tuple[Repository, str, str]) -> None:
    repository, main, _ = branched
    first = ends_of_event(repository, Event(None, main, "main", "main"))
    assert (first.without, first.base, first.head) == (None, None, main)
    forced = ends_of_event(repository, Event(ONE, main, "main", "main"))
    assert (forced.without, forced.base, forced.head) == (main, None, main)


def test_the_head_of_an_event_is_not_replaced_by_what_is_checked_out(
    branched: tuple[Repository, str, str],
) -> None:
    """With ``pull_request_target`` the base is checked out, and a fork's commits are not there."""
    repository, main, _ = branched
    with pytest.raises(FailedError) as caught:
        ends_of_event(repository, Event(main, ONE, None, "main"))
    assert (caught.value.kind, caught.value.exit_code) == ("no-event-commit", 3)


def test_a_default_branch_that_is_not_here(branched: tuple[Repository, str, str]) -> None:
    repository, _, topic = branched
    with pytest.raises(FailedError) as caught:
        ends_of_event(repository, Event(None, topic, "topic", "trunk"))
    assert caught.value.kind == "no-default-branch"


def test_in_a_job(world: World, tmp_path: Path) -> None:
    write(world, "infra/secrets/old.yaml", "token: hunter2\n")
    main = world.commit()
    world.encrypt("infra/secrets/new.yaml", "a: b\n")
    after = world.commit()
    event = tmp_path / "event.json"
    event.write_text(json.dumps({**PUSH, "before": main, "after": after}))
    done = world.run("verify", "--range", "auto", env={"GITHUB_EVENT_PATH": str(event)})
    assert (
        done.status,
        f"1 commit, {main[:12]}..{after[:12]}\n1 of 2 secret files changed\n" in done.stdout,
    ) == (0, True)
    done = world.run("verify", "--range", "auto", "--json")
    assert (done.status, "HEAD checked" in done.stdout) == (1, True)
    for more in (["--staged"], ["infra/secrets/new.yaml"], ["--mirror"]):
        assert world.run("verify", "--range", "auto", *more).status == 2
    assert world.run("verify", "--range", "HEAD").status == 2
    gone = {"GITHUB_EVENT_PATH": str(tmp_path / "gone")}
    assert world.run("verify", "--range", "auto", env=gone).status in {2, 3}
