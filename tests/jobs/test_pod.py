"""The script of the documented CronJob, run in folders laid out like its pod."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.pod import Pod
from tests.world import World

pytestmark = pytest.mark.long

SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: {name}\nstringData:\n    K: sentinel-value\n"
SETTINGS = """\
repository = "r-0123456789abcdef"
[git]
branch = "main"
author = "The job <job@example.com>"
[mirror]
backend = "local"
[keysets.shop]
kind = "api-key"
accepted = ["infra/secrets/prod/b.secret.yaml#stringData.ACCEPTED"]
callers = ["infra/secrets/prod/c.secret.yaml#stringData.KEY"]
rollout = "1s"
drain = "1s"
max_age = "90d"
"""
CLONE = 'git clone --quiet "$REPOSITORY" /checkout/repo; cd /checkout/repo; '


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("jobs"))
    for name in "bc":
        world.encrypt(f"infra/secrets/prod/{name}.secret.yaml", SECRET.format(name=name))
    (world.repo / "plana-secrets.toml").write_text(SETTINGS)
    world.commit()
    world.git("init", "-q", "--bare", "-b", "main", str(world.folder / "remote.git"))
    world.git("remote", "add", "origin", str(world.folder / "remote.git"))
    world.run("rotate", "init", "shop", "--fresh", "--commit")
    world.git("push", "-q", "origin", "main")
    return world


@pytest.fixture
def pod(template: World, tmp_path: Path) -> Pod:
    remote = tmp_path / "remote.git"
    subprocess.run(["cp", "-r", template.folder / "remote.git", remote], check=True)
    keys = {"keys.txt": f"{template.identity}\n"}
    secrets = {
        "plana-secrets-age": keys,
        "plana-secrets-git": {"id_ed25519": "none\n", "known_hosts": "none\n"},
    }
    made = Pod(tmp_path, remote, secrets)
    give(remote, made)
    return made


def give(folder: Path, pod: Pod) -> None:
    subprocess.run(["chown", "-R", f"{pod.user}:{pod.group}", str(folder)], check=True)


def give_to_group(claim: Path, pod: Pod) -> None:
    """What kubelet does with a claim for `fsGroup`, unless it did so before."""
    os.chown(claim, 0, pod.group)
    for one in [claim, *claim.rglob("*")]:
        os.chown(one, -1, pod.group)
        one.chmod(one.stat().st_mode | (0o2770 if one.is_dir() else 0o660))


def ask(pod: Pod, script: str) -> dict[str, Any]:
    done = pod.run(f"{CLONE}set +e; {script}")
    assert "sentinel" not in done.stdout + done.stderr
    return json.loads(done.stdout)


def bad(pod: Pod, script: str = "plana-secrets doctor --job --json") -> dict[str, dict[str, Any]]:
    results = ask(pod, script)["results"]
    return {one["check"]: one for one in results if one["severity"] == "error"}


def test_the_script_of_the_page_does_all_of_it_again_and_again(pod: Pod) -> None:
    claim = pod.folder / "claim"
    claim.mkdir()
    give_to_group(claim, pod)
    done = pod.run()
    assert done.returncode == 0, done
    assert "2 created, 0 updated, 0 deleted" in done.stdout
    assert "3 files, L3, 0 errors" in done.stdout
    author = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(pod.remote), "log", "-1", "--format=%an %s"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert author.startswith("The job Rotate shop: landed")
    give_to_group(claim, pod)
    again = pod.run()  # another clone, the same claim
    assert again.returncode == 0, again
    assert "0 created, 0 updated, 0 deleted" in again.stdout


def test_a_rotation_goes_its_way_and_the_mirror_follows(pod: Pod) -> None:
    moves = (
        "plana-secrets rotate run --due --push; plana-secrets rotate run shop --push;"
        " sleep 3; plana-secrets rotate run --due --push; plana-secrets mirror sync;"
        " plana-secrets verify --level L3"
    )
    done = pod.run(CLONE + moves)
    assert done.returncode == 0, done
    for words in ("shop: publish done", "shop: promote done", "2 created", "0 errors"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("user", "group", "passwd"),
    [(1000680000, 0, ""), (65534, 65534, "")],
    ids=["OpenShift", "no passwd"],
)
def test_any_user_will_do(pod: Pod, user: int, group: int, passwd: str) -> None:
    pod.user, pod.group, pod.passwd = user, group, passwd
    give(pod.remote, pod)
    done = pod.run()
    assert done.returncode == 0, done


@pytest.mark.parametrize("shm", ["mode=777", "mode=2777,gid=65534"])
def test_an_empty_dir_at_dev_shm_is_used(pod: Pod, shm: str) -> None:
    pod.shm, pod.environment = shm, {"XDG_RUNTIME_DIR": None}
    done = pod.run()
    assert done.returncode == 0, done


def test_without_a_folder_in_memory_the_hint_names_both(pod: Pod) -> None:
    pod.environment = {"XDG_RUNTIME_DIR": None}
    fix = bad(pod)["memory"]["fix"]
    assert all(word in fix for word in ("XDG_RUNTIME_DIR", "/dev/shm", "`emptyDir`", "Memory"))
    error = ask(pod, "plana-secrets rotate run shop --push --json")
    assert (error["kind"], error["hint"]) == ("no-memory-folder", fix)


def test_without_a_place_for_state_the_hint_names_it(pod: Pod) -> None:
    pod.environment = {"XDG_STATE_HOME": None, "HOME": "/"}
    error = ask(pod, "plana-secrets mirror sync --json")
    assert error["kind"] == "state-unwritable"
    assert "XDG_STATE_HOME" in error["hint"]
    assert bad(pod)["job-state"]["fix"] == error["hint"]
    on_a_server = (
        'printf \'[mirror.vaultwarden]\\nurl = "https://v"\\norganization = "o"\\n\' >> plana-secrets.toml;'
        ' sed -i \'s/"local"/"vaultwarden"/\' plana-secrets.toml; '
    )
    results = ask(pod, f"{on_a_server} plana-secrets doctor --job --json")["results"]
    (found,) = [one for one in results if one["check"] == "job-state"]
    assert (found["severity"], found["fix"]) == ("warning", error["hint"])
    assert "each `mirror sync` logs in" in found["message"]


def test_everything_is_found_at_once(pod: Pod) -> None:
    pod.secrets = {**pod.secrets, "plana-secrets-age": {"keys.txt": "sentinel-no-key\n"}}
    pod.environment = {"XDG_RUNTIME_DIR": None, "XDG_STATE_HOME": "/none"}
    hurt = "git remote set-url origin /nowhere; chmod -R a-w .git; "
    found = bad(pod, f"{hurt} plana-secrets doctor --job --json")
    assert set(found) == {"memory", "identity", "job-git", "job-state", "job-remote"}
    assert all(one["fix"] for one in found.values())
    text = pod.run(f"{CLONE}set +e; {hurt} plana-secrets doctor --job")
    assert text.stdout.count("\n         fix: ") >= len(found)


def test_what_a_clone_that_may_only_be_read_allows(pod: Pod) -> None:
    closed = "chmod -R a-w .git . ; "
    sync = ask(pod, f"{closed} plana-secrets mirror sync --json")
    assert sync["created"] == 2
    assert ask(pod, f"{closed} plana-secrets verify --level L3 --json")["level"] == "L3"
    error = ask(pod, f"{closed} plana-secrets rotate run shop --push --json")
    assert error["kind"] == "git-unwritable"
    assert "`emptyDir`" in error["hint"]


def test_a_clone_of_another_user_is_trusted_when_the_job_says_so(pod: Pod, template: World) -> None:
    """git-sync clones as a user of its own."""
    shared = pod.folder / "shared"
    subprocess.run(["git", "clone", "-q", str(template.folder / "remote.git"), shared], check=True)
    os.chown(shared, 1234, 1234)
    pod.extra = [f"read /shared {shared}"]
    ask_for = "cd /shared; set +e; plana-secrets verify --level L3 --json"
    error = json.loads(pod.run(ask_for).stdout)
    assert error["kind"] == "unsafe-repository"
    settings = "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=/shared"
    assert settings in error["hint"]
    trusted = f"export {settings}; {ask_for}"
    assert json.loads(pod.run(trusted).stdout)["level"] == "L3"


def test_a_key_that_is_none_is_told_from_one_that_opens_nothing(pod: Pod) -> None:
    for key, kind in (
        ("sentinel", "identity-unusable"),
        ("AGE-SECRET-KEY-1" + "Q" * 58, "identity-unusable"),
    ):
        pod.environment = {"SOPS_AGE_KEY_FILE": None, "SOPS_AGE_KEY": key}
        error = ask(pod, "plana-secrets rotate run --due --push --json")
        assert (error["kind"], error["code"]) == (kind, 4)
        assert "SOPS_AGE_KEY" in error["message"]


def test_a_job_that_is_ended_in_the_middle_leaves_nothing_or_a_move(pod: Pod) -> None:
    """SIGTERM while the server has the push: the next run continues from what is there."""
    hook = pod.remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nsleep 4\n")
    hook.chmod(0o755)
    first = "plana-secrets rotate run --due --push >/dev/null 2>&1; "
    done = pod.run(
        f"{CLONE}set +e; {first} plana-secrets rotate run shop --push & sleep 3;"
        " pkill -TERM -P $! ; kill -TERM $!; wait $!; echo ended $?; ls -A $XDG_RUNTIME_DIR | wc -l"
    )
    assert "ended 143" in done.stdout, done
    hook.unlink()
    again = pod.run()
    assert again.returncode == 0, again


def test_a_job_signs_and_verifies_without_a_tmp_to_write_to(pod: Pod, tmp_path: Path) -> None:
    """git writes what it signs, and a signature that it verifies, into a file."""
    key = tmp_path / "signing"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    mounted = "/etc/plana-secrets/git"
    allowed = f'* namespaces="git" {key.with_suffix(".pub").read_text()}'
    pod.secrets = {
        **pod.secrets,
        "plana-secrets-git": {"id_ed25519": key.read_text(), "known_hosts": "", "allowed": allowed},
    }
    settings = {"gpg.format": "ssh", "user.signingKey": f"{mounted}/id_ed25519",
                "commit.gpgSign": "true", "user.name": "job", "user.email": "job@example.com"}  # fmt: skip
    pod.environment = {"GIT_CONFIG_COUNT": str(len(settings))}
    for place, (name, value) in enumerate(settings.items()):
        pod.environment |= {f"GIT_CONFIG_KEY_{place}": name, f"GIT_CONFIG_VALUE_{place}": value}
    base = (
        f"cp {mounted}/allowed .allowed; sed -i '/^.git.$/a allowed_signers = \".allowed\"' plana-secrets.toml; "
        "git add .; git -c commit.gpgSign=false commit -qm base; git push -q; "
    )
    moves = "plana-secrets rotate run --due --push; plana-secrets rotate run shop --push; "
    done = pod.run(f"{CLONE}{base}{moves}plana-secrets verify --range HEAD~2..HEAD")
    assert done.returncode == 0, done
    assert "shop: publish done" in done.stdout
