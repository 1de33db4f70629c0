"""The driver, called by a real git."""

from __future__ import annotations

import stat

import pyrage
import pytest
from click.testing import CliRunner

from plana_secrets.cli.context import Context
from plana_secrets.cli.failure import Terminated
from plana_secrets.cli.main import program
from plana_secrets.git.textmerge import commit_being_merged
from plana_secrets.merging.sidecar import find_conflict, has_conflict
from tests.merging.teams import FILE, TEXT, ciphertexts, on_branch, put, start
from tests.secretfiles.conftest import make_workspace
from tests.world import DEFAULT_RULES, Result, World


def merge(world: World, branch: str = "theirs", **env: str) -> Result:
    return world.command("git", "merge", "-q", "-m", "merged", branch, check=False, env=env)


def test_changes_of_different_values_merge_without_a_question(world: World) -> None:
    start(world)
    before = ciphertexts((world.repo / FILE).read_bytes())
    on_branch(world, "theirs", lambda: put(world, "db.password", "theirs"))
    put(world, "db.user", "ours")
    put(world, "new", "value")
    world.commit("ours")
    done = merge(world)
    assert (done.status, done.stderr) == (0, "")
    assert (
        world.decrypt(FILE)
        == """\
# the database
db:
    user: ours
    # beside it
    password: theirs
port: 5432
hosts:
    - one
    - two
new: value
"""
    )
    after = ciphertexts((world.repo / FILE).read_bytes())
    same = {path for path in before if before[path] == after[path]}
    assert same == {("port",), ("hosts", 0), ("hosts", 1)}


def disagree(world: World) -> bytes:
    """Both sides give one value another one; our file is returned."""
    start(world)
    on_branch(world, "theirs", lambda: put(world, "db.password", "theirs"))
    put(world, "db.password", "ours-value")
    world.commit("ours")
    return (world.repo / FILE).read_bytes()


def test_a_conflict_leaves_our_file_and_an_encrypted_sidecar(world: World) -> None:
    ours = disagree(world)
    done = merge(world)
    assert done.status == 1
    assert f"{FILE}: db.password was changed on both sides" in done.stderr
    assert (world.repo / FILE).read_bytes() == ours
    (place,) = (world.repo / ".git" / "plana-secrets" / "merges").iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert place.read_bytes().startswith(b"age-encryption.org/")
    workspace = make_workspace(world)
    kept = find_conflict(workspace, FILE)
    assert kept is not None
    assert kept.versions.ours == ours
    assert kept.reasons == ("db.password was changed on both sides",)
    world.git("merge", "--abort")
    assert not has_conflict(workspace, FILE)


@pytest.mark.long
def test_a_merge_in_passing_does_not_forget_the_open_one(world: World) -> None:
    disagree(world)
    world.git("branch", "also", "theirs~1")
    world.git("switch", "-q", "also")
    put(world, "db.password", "also")
    world.commit("also")
    world.git("switch", "-q", "main")
    assert merge(world).status == 1
    world.git("add", FILE)
    workspace = make_workspace(world)
    assert has_conflict(workspace, FILE)
    world.command("git", "merge-tree", "--write-tree", "theirs", "also", check=False)
    assert has_conflict(workspace, FILE)
    world.git("merge", "--abort")
    world.git("merge", "-q", "-s", "ours", "-m", "ours", "theirs")
    assert merge(world, "also").status == 1
    assert len(list((world.repo / ".git/plana-secrets/merges").iterdir())) == 1


@pytest.mark.long
def test_without_an_identity_ours_stays_and_it_says_why(world: World) -> None:
    ours = disagree(world)
    world.key_file.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    done = merge(world)
    assert done.status == 1
    assert "none of your identities opens the file" in done.stderr
    assert (world.repo / FILE).read_bytes() == ours


@pytest.mark.long
def test_rules_and_readers_of_one_side_go_with_a_value_of_the_other(world: World) -> None:
    """git has not written the merged rules yet when it calls the driver."""
    start(world)
    newcomer = pyrage.x25519.Identity.generate()

    def let_in() -> None:
        world.others = [newcomer]
        world.write_rules(DEFAULT_RULES)
        world.sops("updatekeys", "-y", FILE)

    on_branch(world, "theirs", let_in)
    put(world, "db.user", "ours")
    world.commit("ours")
    assert merge(world).status == 0
    world.key_file.write_text(f"{newcomer}\n")
    assert "user: ours" in world.decrypt(FILE)


@pytest.mark.long
def test_a_file_that_moved_under_another_rule_is_for_the_readers_there(world: World) -> None:
    start(world)
    reader = pyrage.x25519.Identity.generate()
    prod = f"creation_rules:\n    - path_regex: ^infra/secrets/prod/\n      age: {{recipients}},{reader.to_public()}\n"
    world.write_rules(DEFAULT_RULES.replace("creation_rules:\n", prod))
    world.commit("rules")

    def move() -> None:
        (world.repo / "infra/secrets/prod").mkdir()
        world.git("mv", FILE, "infra/secrets/prod/moved.yaml")
        assert world.run("recipients", "apply").status == 0

    on_branch(world, "theirs", move)
    put(world, "db.user", "ours")
    world.commit("ours")
    assert merge(world).status == 0
    world.key_file.write_text(f"{reader}\n")
    assert "user: ours" in world.decrypt("infra/secrets/prod/moved.yaml")


@pytest.mark.long
@pytest.mark.parametrize("operation", ["rebase", "cherry-pick", "revert", "stash"])
def test_every_way_of_git_to_merge(world: World, operation: str) -> None:
    start(world)
    if operation == "stash":
        put(world, "db.password", "theirs")
        world.git("stash", "-q")
    elif operation == "revert":
        put(world, "db.password", "wrong")
        world.commit("wrong")
    else:
        on_branch(world, "theirs", lambda: put(world, "db.password", "theirs"))
    put(world, "db.user", "ours")
    world.commit("ours")
    match operation:
        case "rebase":
            world.git("switch", "-q", "theirs")
            world.git("rebase", "-q", "main")
        case "cherry-pick":
            world.git("cherry-pick", "theirs")
        case "revert":
            world.git("revert", "--no-edit", "HEAD~1")
        case "stash":
            world.git("stash", "pop", "-q")
    text = world.decrypt(FILE)
    assert "user: ours" in text
    assert f"password: {'old-password' if operation == 'revert' else 'theirs'}" in text


@pytest.mark.long
def test_a_criss_cross_and_another_work_tree(world: World) -> None:
    start(world)
    on_branch(world, "theirs", lambda: put(world, "db.password", "theirs"))
    put(world, "db.user", "ours")
    world.commit("ours")
    ours = world.git("rev-parse", "main").strip()
    merge(world)
    world.git("worktree", "add", "-q", "../other", "theirs")
    world.git("-C", "../other", "merge", "-q", "-m", "the other way", ours)
    put(world, "port", "1", FILE, "--type", "int")
    world.commit("ours again")
    world.git("-C", "../other", "merge", "-q", "-m", "crossed", "main")
    world.git("merge", "-q", "theirs")
    assert world.decrypt(FILE) == TEXT.replace("app", "ours").replace(
        "password: old-password  # beside it", "# beside it\n    password: theirs"
    ).replace("5432", "1")


@pytest.mark.long
def test_a_driver_that_is_killed_leaves_git_as_it_was(world: World) -> None:
    disagree(world)
    ours = (world.repo / FILE).read_bytes()
    world.git("config", "merge.plana-secrets.driver", "kill -9 $$")
    assert merge(world).status != 0
    assert (world.repo / FILE).read_bytes() == ours


@pytest.mark.parametrize("end", [KeyboardInterrupt, Terminated, RuntimeError])
def test_however_it_ends_the_status_is_one(
    world: World, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    """git takes a status above 128 for the death of its driver, and stops the whole merge."""

    def stop(*_arguments: object, **_options: object) -> None:
        raise end

    monkeypatch.setattr("plana_secrets.merging.driver.merge_versions", stop)
    monkeypatch.chdir(world.repo)
    file = world.encrypt(FILE, TEXT)
    files = [str(file)] * 3
    result = CliRunner().invoke(
        program, ["hook", "merge", *files, FILE], obj=Context(), standalone_mode=False
    )
    assert result.return_value == 1


@pytest.mark.long
def test_readable_files_are_merged_as_text(world: World) -> None:
    start(world)
    (world.repo / "plana-secrets.toml").write_text('[files]\nplain = ["**/README.md"]\n')
    readme = world.repo / "infra/secrets/README.md"
    readme.write_text("a\nb\nc\nd\ne\n")
    world.commit("readme")
    on_branch(world, "theirs", lambda: readme.write_text("a\nb\nc\nd\nE\n"))
    readme.write_text("A\nb\nc\nd\ne\n")
    world.commit("ours")
    assert merge(world).status == 0
    assert readme.read_text() == "A\nb\nc\nd\nE\n"
    on_branch(world, "others", lambda: readme.write_text("x\n"))
    readme.write_text("y\n")
    world.commit("ours again")
    assert merge(world, "others").status == 1
    assert readme.read_text() == "<<<<<<< ours\ny\n=======\nx\n>>>>>>> theirs\n"


@pytest.mark.long
def test_no_lock_is_taken_and_none_is_waited_for(world: World) -> None:
    """A run that holds ours may have started the git that calls the driver."""
    import fcntl

    start(world)
    on_branch(world, "theirs", lambda: put(world, "db.password", "theirs"))
    put(world, "db.user", "ours")
    world.commit("ours")
    lock = world.repo / ".git" / "plana-secrets" / "lock"
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert merge(world).status == 0


@pytest.mark.long
def test_git_tells_what_it_merges_or_nothing_is_assumed(world: World) -> None:
    start(world)
    on_branch(world, "theirs", lambda: put(world, "db.password", "theirs"))
    put(world, "db.user", "ours")
    base = world.commit("ours")
    repository = make_workspace(world).repository
    theirs = world.git("rev-parse", "theirs").strip()
    base = world.git("merge-base", "main", "theirs").strip()
    assert commit_being_merged(repository, {f"GITHEAD_{theirs}": "theirs"}) == (base, theirs)
    assert commit_being_merged(repository, {}) is None
    both = {f"GITHEAD_{one}": "x" for one in (theirs, base)}
    assert commit_being_merged(repository, both) is None
