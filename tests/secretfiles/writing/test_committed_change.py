"""A change that is committed or pushed, where one step of it fails; the files hold no secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plana_secrets.errors import (
    ConflictError,
    FailedError,
    IncompleteError,
    PlanaSecretsError,
    UnavailableError,
)
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing import writer
from plana_secrets.secretfiles.writing.journal import Journal, pending
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Stage
from plana_secrets.secretfiles.writing.writer import (
    CommitRequest,
    StagedFile,
    WriteResult,
    write_files,
    writing,
)
from plana_secrets.storage import digest_of, remove_tree
from tests.secretfiles.conftest import make_workspace
from tests.world import World

FILES = ("infra/secrets/a.yaml", "infra/secrets/b.yaml")
OLD, NEW = b"old\n", b"new\n"
STAGED = [StagedFile(file, digest_of(OLD), NEW) for file in FILES]


@pytest.fixture
def committed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    (world.repo / "infra/secrets").mkdir(parents=True)
    for file in FILES:
        (world.repo / file).write_bytes(OLD)
    world.commit("files")
    return world


@pytest.fixture
def place(committed: World) -> Workspace:
    return make_workspace(committed)


def state(world: World) -> tuple[list[bytes], str, str]:
    contents = [(world.repo / file).read_bytes() for file in FILES]
    return contents, world.git("rev-parse", "HEAD"), world.git("status", "--porcelain")


def write(place: Workspace, **request: Any) -> WriteResult:
    with writing(place, "test"):
        return write_files(place, STAGED, operation="test", commit=CommitRequest("x", **request))


def refused(world: World, place: Workspace, **request: Any) -> PlanaSecretsError:
    """The error of a change that left everything as it was, and nothing to recover."""
    before = state(world)
    with pytest.raises(PlanaSecretsError) as caught:
        write(place, **request)
    assert state(world) == before
    assert pending(place) is None
    return caught.value


def unfinished(place: Workspace, **request: Any) -> IncompleteError:
    with pytest.raises(IncompleteError) as caught:
        write(place, **request)
    assert pending(place) is not None
    return caught.value


def test_a_change_is_one_commit_of_its_files(committed: World, place: Workspace) -> None:
    result = write(place)
    assert (result.files, result.arrived) == (FILES, None)
    assert state(committed) == ([NEW, NEW], f"{result.commit}\n", "")
    assert committed.git("show", "--name-only", "--format=%s").split() == ["x", *FILES]


def test_another_base_is_a_branch_that_moved(committed: World, place: Workspace) -> None:
    error = refused(committed, place, base="0" * 40)
    assert (type(error), error.kind) == (ConflictError, "branch-moved")
    assert write(place, base=committed.git("rev-parse", "HEAD").strip()).commit


def test_nothing_is_committed_into_what_git_has_begun(committed: World, place: Workspace) -> None:
    for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "rebase-merge", "rebase-apply"):
        begun = committed.repo / ".git" / name
        if name.startswith("rebase"):
            begun.mkdir()
        else:
            begun.write_text("0" * 40)
        assert refused(committed, place).kind == "git-busy", name
        remove_tree(begun)


def test_what_was_lying_about_is_not_committed_along(committed: World, place: Workspace) -> None:
    committed.git("rm", "-q", "--cached", FILES[1])
    committed.git("commit", "-q", "-m", "without")
    assert refused(committed, place).kind == "uncommitted-changes"


def test_without_a_branch_there_is_nowhere_to_push_to(committed: World, place: Workspace) -> None:
    committed.git("remote", "add", "origin", str(committed.folder / "gone.git"))
    committed.git("checkout", "-q", "--detach")
    assert refused(committed, place, push=True).kind == "no-branch"


# -- pushed


@pytest.fixture
def remote(committed: World) -> None:
    committed.git("remote", "add", "origin", str(committed.folder / "gone.git"))


def answer(monkeypatch: pytest.MonkeyPatch, what: bool | PlanaSecretsError | None) -> None:
    def pushed(*_: object, **__: object) -> bool | None:
        if isinstance(what, PlanaSecretsError):
            raise what
        return what

    monkeypatch.setattr(writer, "push_and_read_back", pushed)


@pytest.mark.parametrize("seen", [True, False, None])
@pytest.mark.usefixtures("remote")
def test_a_push_that_was_accepted_is_kept_and_says_whether_it_was_seen(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch, seen: bool | None
) -> None:
    answer(monkeypatch, seen)
    result = write(place, push=True)
    assert result.arrived is seen
    assert state(committed) == ([NEW, NEW], f"{result.commit}\n", "")


@pytest.mark.usefixtures("remote")
def test_a_commit_that_is_not_to_be_kept_goes_only_where_it_was_seen_to_be_missing(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, False)
    assert refused(committed, place, push=True, keep=False).kind == "push-not-kept"
    answer(monkeypatch, None)
    assert write(place, push=True, keep=False).arrived is None


@pytest.mark.usefixtures("remote")
def test_a_push_that_is_refused_changes_nothing(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (UnavailableError("dead"), ConflictError("behind"), FailedError("no")):
        answer(monkeypatch, error)
        assert refused(committed, place, push=True) is error


@pytest.mark.usefixtures("remote")
def test_a_push_of_which_nothing_is_known_is_open(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(committed)
    answer(monkeypatch, IncompleteError("unknown", kind="push-unknown"))
    assert unfinished(place, push=True).kind == "push-unknown"
    assert state(committed) == before
    with pytest.raises(IncompleteError) as caught, writing(place, "next"):
        pass
    assert caught.value.kind == "blocked"


# -- a step that fails


def full(*_: object, **__: object) -> None:
    raise FailedError("the disk is full")


def only_at(stage: Stage) -> Callable[..., None]:
    real = Journal.advance

    def advance(self: Journal, at: Stage, **facts: Any) -> None:
        full() if at is stage else real(self, at, **facts)

    return advance


STEPS: dict[str, tuple[object, str, Callable[..., None]]] = {
    "building": (writer.commits, "build_commit", full),
    "built": (Journal, "advance", only_at(Stage.BUILT)),
    "replacing": (Journal, "advance", only_at(Stage.REPLACING)),
    "files": (writer, "put_in_place", full),
    "branch": (writer.commits, "move_head", full),
    "index": (writer.commits, "refresh_index", full),
    "pushing": (Journal, "advance", only_at(Stage.PUSHING)),
    "pushed": (Journal, "advance", only_at(Stage.PUSHED)),
}


def test_an_error_before_a_local_commit_is_there_changes_nothing(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the branch, too: then the files are put back."""
    for step in ("building", "built", "replacing", "files", "branch"):
        with monkeypatch.context() as patched:
            patched.setattr(*STEPS[step])
            assert refused(committed, place).message == "the disk is full", step


def test_an_error_of_putting_them_back_is_open(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = writer.put_in_place, []

    def once(*args: Any) -> None:
        calls.append(args)
        real(*args) if len(calls) == 1 else full()

    with monkeypatch.context() as patched:
        patched.setattr(writer, "put_in_place", once)
        assert unfinished(place).kind == "pending"
    with writing(place, "next") as recovery:
        assert recovery.action == "undo"
    assert state(committed)[0] == [OLD, OLD]


def test_an_error_of_the_index_is_open_and_only_the_index_is_left(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(*STEPS["index"])
        assert unfinished(place).kind == "pending"
    with writing(place, "next") as recovery:
        assert (recovery.action, recovery.adoption, recovery.files) == ("finish", "index", ())
    assert state(committed)[2] == ""


@pytest.mark.usefixtures("remote")
def test_an_error_before_the_push_changes_nothing(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, FailedError("it was pushed"))
    for step in ("building", "built", "pushing"):
        with monkeypatch.context() as patched:
            patched.setattr(*STEPS[step])
            assert refused(committed, place, push=True).message == "the disk is full", step


@pytest.mark.parametrize("step", ["pushed", "replacing", "files", "branch", "index"])
@pytest.mark.usefixtures("remote")
def test_an_error_after_the_push_is_open_and_never_undone(
    committed: World, place: Workspace, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    answer(monkeypatch, True)
    with monkeypatch.context() as patched:
        patched.setattr(*STEPS[step])
        assert unfinished(place, push=True).kind == "pending"
    contents, head, _ = state(committed)
    assert (contents == [NEW, NEW]) is (step in {"branch", "index"})
    found = pending(place)
    assert found is not None
    assert (f"{found.commit}\n" == head) is (step == "index")


# -- what a recovery finds


def test_a_base_that_never_had_the_old_content_undoes_nothing(
    committed: World, place: Workspace
) -> None:
    intended = tuple(IntendedFile(file, digest_of(OLD), digest_of(NEW)) for file in FILES)
    empty = committed.git("commit-tree", "-m", "x", committed.git("mktree").strip()).strip()
    base = committed.git("rev-parse", "HEAD").strip()
    for root, kind in ((empty, "blocked"), (base, None)):
        journal = Journal(place.repository)
        intent = Intent("set", str(place.root), intended, root, "main", commit=True)
        journal.begin(intent, [NEW, NEW])
        journal.advance(Stage.REPLACING, commit=empty)
        (committed.repo / FILES[0]).write_bytes(NEW)
        if kind is None:
            with writing(place, "next") as recovery:
                assert (recovery.action, recovery.files) == ("undo", FILES[:1])
            assert state(committed)[0] == [OLD, OLD]
            continue
        with (
            pytest.raises(IncompleteError, match="cannot be undone") as caught,
            writing(place, "next"),
        ):
            pass
        assert caught.value.kind == kind
        assert state(committed)[0] == [NEW, OLD]
        journal.clear()
