"""``hook``: git itself commits and pushes, with the hooks that ``hook install`` wrote."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.world import Result, World

APP = "infra/secrets/dev/app.yaml"
NEW = "infra/secrets/dev/new.yaml"
ZEROS = "0" * 40


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, "user: admin\n")
    world.commit()
    return world


@pytest.fixture
def hooked(small: World) -> World:
    done = small.run("hook", "install", "--pre-commit")
    assert (done.status, done.stderr) == (0, "")
    return small


def write(
    world: World, file: str, text: str = "token: hunter2\n", *, at: Path | None = None
) -> None:
    path = (at or world.repo) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git(
    world: World, *argv: str, at: Path | None = None, env: dict[str, str] | None = None
) -> Result:
    where = ("-C", str(at)) if at else ()
    return world.command("git", *where, *argv, check=False, env=env)


def refuses(done: Result, file: str = NEW) -> bool:
    told = done.stdout + done.stderr
    assert "hunter2" not in told
    return done.status != 0 and file in told


# -- git commit


def test_a_commit_starts_and_loads_little(small: World) -> None:
    """So it takes less than 300 ms of CPU time for 40 files."""
    trace = small.folder / "trace"
    small.git("config", "--global", "trace2.eventTarget", str(trace))
    argv = ("-I", "-X", "importtime", "-m", "plana_secrets", "hook", "run", "pre-commit")
    told = small.command(sys.executable, *argv).stderr
    assert 1 < trace.read_text().count('"event":"start"') <= 11
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "plana_secrets.verify.ranges.staged" in loaded
    assert not loaded & {
        "multiprocessing",
        "plana_secrets.mirror.plan",
        "plana_secrets.verify.ranges.content",
        "plana_secrets.verify.ranges.parents",
    }


def test_a_good_commit_is_silent_and_a_bad_one_is_refused(hooked: World) -> None:
    hooked.encrypt(NEW, "token: x\n")
    hooked.git("add", "-A")
    done = git(hooked, "commit", "-q", "-m", "x")
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    write(hooked, NEW)
    hooked.git("add", "-A")
    assert refuses(git(hooked, "commit", "-q", "-m", "x"))


@pytest.mark.parametrize(
    "how", [["-a"], ["--", NEW], ["--amend", "-a"]], ids=["a", "file", "amend"]
)
@pytest.mark.long
def test_a_commit_with_an_index_of_its_own(hooked: World, how: list[str]) -> None:
    hooked.encrypt(NEW, "token: x\n")
    hooked.commit()
    write(hooked, NEW)
    assert refuses(git(hooked, "commit", "-q", "-m", "x", *how))
    hooked.encrypt(NEW, "token: y\n")
    hooked.git("commit", "-q", "-m", "x", *how)


@pytest.mark.long
def test_the_index_that_git_was_told_to_use(hooked: World) -> None:
    other = {"GIT_INDEX_FILE": str(hooked.folder / "elsewhere")}
    hooked.command("git", "read-tree", "HEAD", env=other)
    write(hooked, NEW)
    hooked.command("git", "add", NEW, env=other)
    assert refuses(git(hooked, "commit", "-q", "-m", "x", env=other))


@pytest.mark.long
def test_in_a_linked_work_tree(hooked: World) -> None:
    place = hooked.folder / "linked"
    hooked.git("worktree", "add", "-q", str(place), "-b", "side")
    write(hooked, NEW, at=place)
    git(hooked, "add", "-A", at=place)
    assert refuses(git(hooked, "commit", "-q", "-m", "x", at=place))
    assert (
        "unchanged"
        in hooked.run("hook", "install", "--repo", str(place), "--pre-commit", "--json").stdout
    )


@pytest.mark.long
def test_in_the_middle_of_a_rebase(hooked: World) -> None:
    write(hooked, "note", "one\n")
    hooked.commit()
    hooked.git("checkout", "-q", "-b", "side", "HEAD~1")
    write(hooked, "note", "two\n")
    hooked.commit()
    assert git(hooked, "rebase", "-q", "main").status != 0
    write(hooked, "note", "both\n")
    write(hooked, NEW)
    hooked.git("add", "-A")
    assert refuses(git(hooked, "commit", "-q", "-m", "x"))
    hooked.git("rm", "-q", "-f", NEW)
    hooked.git("commit", "-q", "-m", "x")
    assert git(hooked, "rebase", "--continue").status == 0


@pytest.mark.long
def test_in_a_submodule(small: World, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    small.git("clone", "-q", str(small.repo), str(copy))
    allow = ("-c", "protocol.file.allow=always")
    assert git(small, *allow, "submodule", "add", "-q", str(copy), "sub").status == 0
    place = small.repo / "sub"
    done = small.run("hook", "install", "--pre-commit", "--repo", str(place))
    assert str(small.repo / ".git/modules/sub/hooks") in done.stdout
    write(small, NEW, at=place)
    git(small, "add", "-A", at=place)
    assert refuses(git(small, "commit", "-q", "-m", "x", at=place))
    write(small, NEW)
    small.git("add", NEW)
    assert git(small, "commit", "-q", "-m", "x").status == 0  # the one around it has no hook


@pytest.mark.long
def test_before_there_is_any_secret_file(world: World) -> None:
    world.run("hook", "install")
    for _ in range(2):
        world.git("add", "-A")
        done = git(world, "commit", "-q", "--allow-empty", "-m", "x")
        assert (done.status, done.stdout, done.stderr) == (0, "", "")
        (world.repo / ".sops.yaml").unlink(missing_ok=True)


@pytest.mark.long
def test_old_trouble_is_one_line(small: World) -> None:
    write(small, NEW)
    small.commit()
    small.run("hook", "install", "--pre-commit")
    write(small, "README", "x\n")
    small.git("add", "-A")
    done = git(small, "commit", "-q", "-m", "x")
    assert (done.status, done.stderr.count("\n")) == (0, 1)
    assert "1 warning" in done.stderr


@pytest.mark.long
def test_our_own_commit_is_judged_by_what_it_holds(hooked: World) -> None:
    keyset = (
        f'[keysets.app]\nkind = "api-key"\naccepted = ["{APP}#KEYS"]\ncallers = ["{APP}#KEY"]\n'
    )
    write(hooked, "plana-secrets.toml", keyset)
    hooked.commit()
    write(hooked, NEW)
    hooked.git("add", NEW)  # staged by a person, and no part of our commit
    done = hooked.run("rotate", "init", "app", "--fresh", "--commit")
    assert done.status == 0, done
    assert NEW not in hooked.git("ls-tree", "-r", "--name-only", "HEAD")


# -- where hooks are


@pytest.mark.long
@pytest.mark.parametrize("folder", ["shared", "hooks-here", ".git/mine", "{outside}/hooks"])
def test_core_hooks_path(small: World, folder: str, tmp_path: Path) -> None:
    if folder == "shared":
        write(small, "shared/commit-msg", FOREIGN)
        small.commit()
    named = folder.format(outside=tmp_path)
    small.git("config", "core.hooksPath", named)
    assert small.run("hook", "install", "--pre-commit").status == 0
    place = small.repo / named / "pre-commit"
    assert (str(sys.executable) in place.read_text()) is (folder != "shared")
    write(small, NEW)
    small.git("add", NEW)
    path = f"{Path(sys.executable).parent}:{small.environment['PATH']}"
    assert refuses(git(small, "commit", "-q", "-m", "x", env={"PATH": path}))
    assert small.run("hook", "uninstall").status == 0
    assert not place.exists()


@pytest.mark.long
def test_hooks_of_all_repositories_are_not_ours_to_write(small: World) -> None:
    everywhere = small.home / "hooks"
    small.git("config", "--global", "core.hooksPath", str(everywhere))
    done = small.run("hook", "install", "--pre-commit")
    assert (done.status, str(everywhere) in done.stdout, everywhere.exists()) == (1, True, False)


FOREIGN = "#!/bin/sh\nexit 0\n"
MANAGERS = {
    "foreign": (".git/hooks/pre-commit", FOREIGN, "", ".git/hooks/pre-commit"),
    "husky": (".husky/_/pre-commit", '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n', ".husky/_", ".husky/pre-commit"),
    "old-husky": (".husky/commit-msg", FOREIGN, ".husky", ".husky/pre-commit"),
    "lefthook": ("lefthook.yml", "pre-push:\n", "", "lefthook.yml"),
    "pre-commit": (".pre-commit-config.yaml", "repos: []\n", "", ".pre-commit-config.yaml"),
}  # fmt: skip


@pytest.mark.parametrize("manager", MANAGERS)
def test_what_others_manage_is_left_to_them(world: World, manager: str) -> None:
    file, text, path, told = MANAGERS[manager]
    small = world
    write(small, file, text)
    if path:
        small.git("config", "core.hooksPath", path)
    before = sorted(map(str, small.repo.rglob("*")))
    done = small.run("hook", "install", "--pre-commit", "--json")
    (hook,) = json.loads(done.stdout)["hooks"]
    assert (done.status, hook["state"], hook["file"]) == (1, "foreign", str(small.repo / told))
    assert "hook run pre-commit" in hook["add"]
    assert sorted(map(str, small.repo.rglob("*"))) == before
    assert (small.repo / file).read_text() == text
    with (small.repo / told).open("a") as opened:
        opened.write(f"{hook['add']}\n")
    done = small.run("hook", "install", "--pre-commit", "--json")
    assert (done.status, json.loads(done.stdout)["hooks"][0]["state"]) == (0, "called")
    assert small.run("hook", "uninstall").status == 0
    assert hook["add"] in (small.repo / told).read_text()


@pytest.mark.long
def test_the_line_that_is_printed_works(small: World) -> None:
    write(small, ".git/hooks/pre-commit", "#!/bin/sh\n")
    hook = small.repo / ".git/hooks/pre-commit"
    hook.chmod(0o755)
    done = small.run("hook", "install", "--pre-commit", "--json")
    hook.write_text(f"#!/bin/sh\n{json.loads(done.stdout)['hooks'][0]['add']}\necho last\n")
    write(small, NEW)
    small.git("add", NEW)
    done = git(small, "commit", "-q", "-m", "x")
    assert refuses(done)
    assert "last" not in done.stdout + done.stderr


@pytest.mark.long
def test_beside_a_hook_that_pre_commit_wrote(world: World) -> None:
    """It runs what it moved aside when it was installed, and gives that the lines of a push."""
    hooks = world.repo / ".git/hooks"
    its_own = "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n"
    world.run("hook", "install", "--pre-push")
    (hooks / "pre-push").rename(hooks / "pre-push.legacy")
    write(world, ".git/hooks/pre-push", its_own)
    done = world.run("hook", "install", "--pre-push", "--json")
    (hook,) = json.loads(done.stdout)["hooks"]
    assert (hook["state"], hook["file"]) == ("unchanged", str(hooks / "pre-push.legacy"))
    assert world.run("hook", "uninstall").status == 0
    assert not (hooks / "pre-push.legacy").exists()
    assert (hooks / "pre-push").read_text() == its_own


@pytest.mark.long
def test_a_link_is_not_ours(small: World, tmp_path: Path) -> None:
    other = tmp_path / "hook"
    other.write_text(FOREIGN)
    (small.repo / ".git/hooks").mkdir(exist_ok=True)
    (small.repo / ".git/hooks/pre-commit").symlink_to(other)
    assert small.run("hook", "install", "--pre-commit").status == 1
    assert other.read_text() == FOREIGN


# -- what is installed


def test_only_ours_is_removed(hooked: World) -> None:
    hook = hooked.repo / ".git/hooks/pre-commit"
    hook.write_text(hook.read_text() + "echo mine\n")
    done = hooked.run("hook", "uninstall", "--pre-commit")
    assert (done.status, "changed by hand" in done.stdout, hook.exists()) == (1, True, True)
    assert hooked.run("hook", "install", "--pre-commit").status == 1
    hook.write_text(FOREIGN)
    assert hooked.run("hook", "uninstall").status == 0
    assert hook.read_text() == FOREIGN


@pytest.mark.long
def test_a_program_that_has_gone_stops_the_commit_and_is_said(hooked: World) -> None:
    from plana_secrets.scaffold.hooks.script import Program, hook_script

    gone = hooked.folder / "ven'v/bin/python"
    hook = hooked.repo / ".git/hooks/pre-commit"
    hook.write_bytes(hook_script("pre-commit", Program(gone, gone)))
    write(hooked, "README", "x\n")
    hooked.git("add", "-A")
    done = git(hooked, "commit", "-q", "-m", "x")
    assert (done.status, "plana-secrets hook install" in done.stderr) == (1, True)
    told = hooked.run("doctor", "--json")
    (found,) = [one for one in json.loads(told.stdout)["results"] if "cannot run" in one["message"]]
    assert (found["severity"], str(gone) in found["message"]) == ("warning", True)
    assert hooked.run(*found["fix"].split()[1:]).status == 0
    hooked.git("commit", "-q", "-m", "x")


@pytest.mark.long
def test_doctor_knows_an_older_hook_and_one_that_git_does_not_run(hooked: World) -> None:
    import hashlib

    hook = hooked.repo / ".git/hooks/pre-commit"
    rest = b"exit 0\n"
    digest = hashlib.sha256(rest).hexdigest()[:16]
    hook.write_bytes(f"#!/bin/sh\n# plana-secrets hook 0 {digest}\n".encode() + rest)
    assert "older version" in hooked.run("doctor").stdout
    assert "replaced" in hooked.run("hook", "install", "--pre-commit", "--json").stdout
    assert "older version" not in hooked.run("doctor").stdout
    hooked.git("config", "core.hooksPath", "elsewhere")
    assert "git does not run it" in hooked.run("doctor").stdout
    hooked.run("hook", "uninstall")
    assert not hook.exists()


# -- git push


@pytest.fixture
def remote(small: World, tmp_path: Path) -> Path:
    place = tmp_path / "remote.git"
    small.git("init", "-q", "--bare", "-b", "main", str(place))
    small.git("remote", "add", "origin", str(place))
    return place


def plant_and_remove(world: World) -> str:
    """Three commits; the second has plaintext."""
    write(world, "README", "x\n")
    world.commit()
    write(world, NEW)
    planted = world.commit()
    (world.repo / NEW).unlink()
    world.commit()
    return planted


@pytest.fixture
def pushing(small: World, remote: Path) -> World:
    small.git("push", "-q", "-u", "origin", "main")
    small.run("hook", "install", "--pre-push")
    return small


@pytest.mark.long
def test_a_push_is_checked_before_it_leaves(pushing: World, remote: Path) -> None:
    before = git(pushing, "rev-parse", "main", at=remote).stdout
    planted = plant_and_remove(pushing)
    done = git(pushing, "push", "-q", "origin", "main")
    assert refuses(done)
    assert planted[:12] in done.stdout + done.stderr
    assert git(pushing, "rev-parse", "main", at=remote).stdout == before
    assert refuses(git(pushing, "push", "-q", "origin", "main:refs/heads/new-branch"))
    pushing.git("tag", "-a", "-m", "x", "v1")
    assert refuses(git(pushing, "push", "-q", "origin", "v1"))
    pushing.git("reset", "-q", "--hard", "HEAD~3")
    pushing.git("tag", "-f", "-a", "-m", "x", "v1")
    for what in ("main:refs/heads/new-branch", "v1", ":new-branch", ":v1"):
        done = git(pushing, "push", "-q", "origin", what)
        assert (done.status, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.long
def test_a_proposal_to_demand_less_can_be_pushed_but_not_to_main(pushing: World) -> None:
    write(pushing, "plana-secrets.toml", '[files]\nplain = ["**/other.yaml"]\n')
    pushing.commit()
    done = git(pushing, "push", "-q", "origin", "HEAD:refs/heads/side")
    assert (done.status, "1 warning" in done.stderr) == (0, True)
    assert refuses(git(pushing, "push", "-q", "origin", "main"), "plana-secrets.toml")
    write(pushing, "infra/secrets/dev/other.yaml")
    pushing.commit()
    assert refuses(git(pushing, "push", "-q", "origin", "HEAD:refs/heads/side"), "other.yaml")


@pytest.mark.long
def test_what_the_remote_has_already_is_not_judged_again(pushing: World) -> None:
    plant_and_remove(pushing)
    pushing.git("push", "-q", "--no-verify", "origin", "main:refs/heads/develop")
    write(pushing, "README", "more\n")
    pushing.commit()
    assert git(pushing, "push", "-q", "origin", "HEAD:refs/heads/side").status == 0


@pytest.mark.long
def test_the_first_push_to_a_new_remote_is_judged_whole(pushing: World, tmp_path: Path) -> None:
    plant_and_remove(pushing)
    pushing.git("init", "-q", "--bare", str(tmp_path / "second.git"))
    pushing.git("remote", "add", "second", str(tmp_path / "second.git"))
    assert refuses(git(pushing, "push", "-q", "second", "main"))


@pytest.mark.long
def test_lines_that_are_not_of_git(small: World) -> None:
    for name in ("pre-push", "pre-receive"):
        place = ("--repo", str(small.repo / ".git")) if name == "pre-receive" else ()
        for line in (b"main\n", b"x y z t\n", b"\n"):
            done = small.run("hook", "run", name, *place, stdin=line)
            assert (done.status, "hint: let git run it" in done.stderr) == (2, True)
    assert small.run("hook", "run", "pre-push", stdin=b"").status == 0


# -- a server


@pytest.fixture
def server(small: World, remote: Path) -> Path:
    done = small.run("hook", "install", "--repo", str(remote))
    assert (done.status, (remote / "hooks/pre-receive").exists()) == (0, True)
    small.git("push", "-q", "origin", "main")
    return remote


def refs(world: World, remote: Path) -> str:
    return git(world, "for-each-ref", at=remote).stdout


def test_a_server_refuses_plaintext_in_the_second_of_three_commits(
    small: World, server: Path
) -> None:
    before = refs(small, server)
    planted = plant_and_remove(small)
    done = git(small, "push", "-q", "origin", "main")
    assert refuses(done)
    assert planted[:12] in done.stderr
    assert refs(small, server) == before


@pytest.mark.long
def test_a_server_judges_every_ref(small: World, server: Path) -> None:
    before = refs(small, server)
    planted = plant_and_remove(small)
    small.git("tag", "v1")
    for what in ("main", "main:refs/heads/side", "v1", "main:refs/for/review"):
        done = git(small, "push", "-q", "origin", what)
        assert refuses(done)
        assert planted[:12] in done.stderr
    assert refs(small, server) == before
    small.git("reset", "-q", "--hard", "origin/main")
    small.encrypt(NEW, "token: x\n")
    small.commit()
    small.git("tag", "-f", "v1")
    for what in ("main", "main:refs/heads/side", "v1", ":side", ":v1"):
        assert git(small, "push", "-q", "origin", what).status == 0


@pytest.mark.long
def test_a_server_goes_by_the_settings_that_it_has(small: World, server: Path) -> None:
    write(small, "plana-secrets.toml", '[files]\nplain = ["**/new.yaml"]\n')
    small.commit()
    assert git(small, "push", "-q", "origin", "HEAD:refs/heads/side").status == 0
    write(small, NEW)
    small.commit()
    for what in ("side", "other"):
        assert refuses(git(small, "push", "-q", "origin", f"HEAD:refs/heads/{what}"))
    assert refuses(git(small, "push", "-q", "origin", "HEAD:main"), "plana-secrets.toml")


@pytest.mark.long
def test_a_server_whose_head_names_no_branch(small: World, remote: Path) -> None:
    """As after `git init --bare` with another default: what is there is deployed."""
    git(small, "symbolic-ref", "HEAD", "refs/heads/master", at=remote)
    small.run("hook", "install", "--repo", str(remote))
    small.git("push", "-q", "origin", "main:refs/heads/trunk")
    write(small, "plana-secrets.toml", '[files]\nplain = ["**/new.yaml"]\n')
    small.commit()
    for what in ("trunk", "main"):
        done = git(small, "push", "-q", "origin", f"HEAD:refs/heads/{what}")
        assert refuses(done, "plana-secrets.toml")


@pytest.mark.long
def test_a_job_that_signs_gets_its_moves_through_every_hook(small: World, remote: Path) -> None:
    """And a change that is not signed does not."""
    key = small.folder / "job"
    small.command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    public = " ".join((small.folder / "job.pub").read_text().split()[:2])
    write(small, ".git-allowed-signers", f"job@example.com {public}\n")
    write(
        small,
        "plana-secrets.toml",
        '[git]\nallowed_signers = ".git-allowed-signers"\n'
        f'[keysets.app]\nkind = "api-key"\nrollout = "0s"\naccepted = ["{APP}#KEYS"]\n'
        f'callers = ["{APP}#KEY"]\n',
    )
    small.commit()
    small.git("push", "-q", "-u", "origin", "main")
    small.run("hook", "install", "--repo", str(remote))
    small.run("hook", "install")
    refused = small.run("rotate", "init", "app", "--fresh", "--push")
    assert (refused.status, small.git("status", "--porcelain")) == (3, "")
    small.git("config", "gpg.format", "ssh")
    small.git("config", "user.signingKey", str(key))
    small.git("config", "commit.gpgSign", "true")
    for argv in (("init", "app", "--fresh"), ("run", "app"), ("run", "app"), ("run", "--due")):
        done = small.run("rotate", *argv, "--push")
        assert done.status == 0, done
    assert small.run("verify", "--range", "HEAD~3..HEAD").status == 0
    small.encrypt(APP, "user: other\n")
    small.git("-c", "commit.gpgSign=false", "commit", "-q", "-a", "-m", "x")
    for options in ((), ("--no-verify",)):
        done = git(small, "push", "-q", *options, "origin", "main")
        assert refuses(done, "commit-unsigned")


@pytest.mark.long
def test_a_default_branch_that_names_another_one_is_guarded_too(small: World, server: Path) -> None:
    write(small, "plana-secrets.toml", '[git]\nbranch = "release"\n')
    small.commit()
    everything = ("push", "-q", "origin", "main", "main:refs/heads/release")
    assert refuses(git(small, *everything), "git.branch: added")
    small.git("-C", str(server), "fetch", "-q", str(small.repo), "main:main", "main:release")
    write(small, "plana-secrets.toml", '[files]\nplain = ["**/new.yaml"]\n')
    small.commit()
    for what in ("main", "release"):
        done = git(small, "push", "-q", "origin", f"HEAD:refs/heads/{what}")
        assert refuses(done, "plana-secrets.toml")


@pytest.mark.long
def test_a_branch_of_ones_own_may_be_rewritten(small: World, server: Path) -> None:
    small.encrypt(APP, "user: second\n")
    small.commit()
    small.git("push", "-q", "origin", "HEAD:refs/heads/side")
    small.git("reset", "-q", "--hard", "HEAD~1")
    write(small, "README", "x\n")
    small.commit()
    assert git(small, "push", "-q", "-f", "origin", "HEAD:refs/heads/side").status == 0
    small.git("push", "-q", "origin", "HEAD:main")
    small.encrypt(APP, "user: third\n")
    small.commit()
    small.git("push", "-q", "origin", "HEAD:main")
    assert refuses(git(small, "push", "-q", "-f", "origin", "HEAD~1:main"), APP)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["blob", "tree"])
def test_a_tag_of_something_that_is_no_commit(small: World, server: Path, kind: str) -> None:
    write(small, NEW)
    small.git("add", NEW)
    tree = small.git("write-tree").strip()
    small.git("tag", "x", tree if kind == "tree" else f"{tree}:{NEW}")
    assert refuses(git(small, "push", "-q", "origin", "x"), f"refs/tags/x would hold a {kind}")


@pytest.mark.long
def test_what_a_push_says_beside_its_files(small: World, server: Path) -> None:
    small.git("tag", "-a", "-m", f"x\n\n{small.identity}", "v1")
    small.git("branch", f"key-{small.identity}")
    for what in ("v1", f"key-{small.identity}"):
        done = git(small, "push", "-q", "origin", what)
        assert refuses(done, "private-identity")
        ours = [line for line in done.stderr.splitlines() if line.startswith("remote:")]
        assert str(small.identity) not in "".join(ours)
    small.git("tag", "-f", "-a", "-m", "fine", "v1")
    assert git(small, "push", "-q", "origin", "v1").status == 0


@pytest.mark.long
def test_a_deployed_branch_is_not_removed_and_not_created_again_at_an_old_commit(
    small: World, server: Path
) -> None:
    write(small, "plana-secrets.toml", '[git]\nbranch = "release"\n')
    small.commit()
    small.git("push", "-q", "--no-verify", "origin", "HEAD:refs/heads/release")
    git(small, "fetch", "-q", str(small.repo), "main:main", at=server)  # as an administrator
    small.encrypt(APP, "user: other\n")
    small.commit()
    for what in ("main", "main:release"):
        assert git(small, "push", "-q", "origin", what).status == 0
    assert refuses(git(small, "push", "-q", "origin", ":release"), "is deployed")
    git(small, "update-ref", "-d", "refs/heads/release", at=server)
    assert refuses(git(small, "push", "-q", "origin", "HEAD~1:refs/heads/release"), "rolled-back")
    assert git(small, "push", "-q", "origin", "HEAD:refs/heads/release").status == 0


@pytest.mark.long
def test_a_branch_without_any_secret_file(small: World, server: Path) -> None:
    small.git("checkout", "-q", "--orphan", "pages")
    small.git("rm", "-r", "-q", "--cached", ".")
    write(small, "index.html", "x\n")
    small.git("add", "index.html")
    small.git("commit", "-q", "-m", "x")
    assert git(small, "push", "-q", "origin", "pages").status == 0
    write(small, NEW)
    small.git("add", NEW)
    small.git("commit", "-q", "-m", "x")
    small.git("rm", "-q", NEW)
    small.git("commit", "-q", "-m", "x")
    assert refuses(git(small, "push", "-q", "origin", "pages"))


@pytest.mark.long
def test_a_server_whose_hooks_are_run_from_a_folder(small: World, remote: Path) -> None:
    """As Forgejo and Gitea write it."""
    hooks = remote / "hooks"
    delegate = (
        "#!/usr/bin/env bash\ndata=$(cat)\nfor hook in ./hooks/pre-receive.d/*; do\n"
        'echo "$data" | "$hook" || exit 1\ndone\n'
    )
    (hooks / "pre-receive.d").mkdir(parents=True)
    (hooks / "pre-receive").write_text(delegate)
    (hooks / "pre-receive").chmod(0o755)
    assert small.run("hook", "install", "--repo", str(remote)).status == 0
    assert (hooks / "pre-receive").read_text() == delegate
    assert (hooks / "pre-receive.d/plana-secrets").exists()
    plant_and_remove(small)
    assert refuses(git(small, "push", "-q", "origin", "main"))
    assert small.run("hook", "uninstall", "--repo", str(remote)).status == 0
    assert not (hooks / "pre-receive.d/plana-secrets").exists()


@pytest.mark.long
def test_a_server_needs_no_hook_before_a_commit(small: World, remote: Path) -> None:
    done = small.run("hook", "install", "--pre-commit", "--repo", str(remote))
    assert (done.status, "without a work tree" in done.stderr) == (2, True)


def test_a_bare_repository_that_a_commit_brought_gets_no_hook(small: World, remote: Path) -> None:
    shutil.copytree(remote, small.repo / "docs/inner.git")
    (small.repo / "docs/inner.git/refs/x").touch()
    small.git("add", "-f", "docs")
    done = small.run("hook", "install", "--repo", str(small.repo / "docs/inner.git"))
    assert done.status == 2
    assert not (small.repo / "docs/inner.git/hooks/pre-receive").exists()
