"""``init`` on a machine that has nothing: no keyring, no key file, no name in git."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyrage
import pytest

from tests.cli.terminal import run_at_terminal
from tests.docs.test_documents import ROOT, parse_page
from tests.world import World, sops_program

BARE = {"SOPS_AGE_KEY_FILE": ""}
DEFAULT = ".config/sops/age/keys.txt"


@pytest.fixture
def bare(world: World) -> World:
    (world.repo / ".sops.yaml").unlink()
    return world


def init(world: World, *argv: str, env: dict[str, str] | None = None) -> None:
    done = world.run("init", *argv, env=BARE | (env or {}))
    assert done.status == 0, done


def test_without_a_keyring_the_identity_is_in_the_key_file_of_sops(bare: World) -> None:
    recovery = bare.home / "new/recovery.txt"
    done = bare.run("init", "--recovery-out", str(recovery), env=BARE)
    assert done.status == 0, done
    key = bare.home / DEFAULT
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (recovery.stat().st_mode & 0o777, recovery.parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )
    said = done.stderr.splitlines()
    assert said[:4] == [
        f"create your age identity in {key} (there is no keyring here; sops reads this file too)",
        f"create a recovery identity in {recovery}",
        "write plana-secrets.toml",
        "write .sops.yaml",
    ]
    bare.run("new", "infra/secrets/a.yaml", env=BARE)
    assert bare.run("set", "infra/secrets/a.yaml", "a", "--stdin", stdin=b"x", env=BARE).status == 0
    opened = bare.command(str(sops_program()), "decrypt", "infra/secrets/a.yaml", env=BARE)
    assert opened.stdout == "a: x\n"


def test_a_dry_run_says_the_same_and_creates_nothing(bare: World) -> None:
    done = bare.run("init", "--recovery-out", "~/recovery.txt", "--dry-run", env=BARE)
    assert done.status == 0
    assert f"create your age identity in {bare.home / DEFAULT}" in done.stderr
    assert f"create a recovery identity in {bare.home}/recovery.txt" in done.stderr
    assert list(bare.home.iterdir()) == []
    assert [path.name for path in bare.repo.iterdir()] == [".git"]
    assert not (bare.repo / ".git/plana-secrets").exists()


@pytest.mark.parametrize(
    "lost",
    [
        [],
        [".sops.yaml"],
        [".sops.yaml", "plana-secrets.toml"],
        [".sops.yaml", "plana-secrets.toml", "recovery"],
    ],
    ids=len,
)
def test_a_run_that_was_stopped_is_completed_by_the_next(bare: World, lost: list[str]) -> None:
    """Each step of the first run is on the disk, in its order, up to where it was stopped."""
    recovery = bare.home / "recovery.txt"
    places = {name: bare.repo / name for name in (".sops.yaml", "plana-secrets.toml")}
    places["recovery"] = recovery
    init(bare, "--recovery-out", str(recovery))
    before = {name: path.read_text() for name, path in places.items()}
    for name in lost:
        places[name].unlink()
    init(bare, "--recovery-out", str(recovery))
    after = {name: path.read_text() for name, path in places.items()}
    own_id = re.compile(r'(?m)^repository = ".*"$')  # a new one with new settings
    same = [name for name in places if own_id.sub("", after[name]) == own_id.sub("", before[name])]
    assert len(same) == (0 if "recovery" in lost else 3)
    assert len((bare.home / DEFAULT).read_text().splitlines()) == 2
    bare.run("new", "infra/secrets/a.yaml", env=BARE)
    bare.commit()
    assert bare.run("verify", "--strict", env=BARE).status == 0


def test_settings_that_are_there_are_kept_and_followed(bare: World) -> None:
    other, third = (str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2))
    settings = (
        f'[files]\nroots = ["a-b", "c"]\nkeysets = "a-b/keysets"\n[policy]\nrequired = ["r"]\n'
        f'[recipients.r]\nkey = "{other}"\nkind = "staff"\n'
        f'[recipients.s]\nkey = "{third}"\nkind = "staff"\n'
    )
    (bare.repo / "plana-secrets.toml").write_text(settings)
    init(bare)
    assert (bare.repo / "plana-secrets.toml").read_text() == settings
    rules = (bare.repo / ".sops.yaml").read_text()
    assert (rules.count(other), rules.count(third)) == (3, 0)
    for file in ("a-b/x.yaml", "c/d/y.yaml", "c/z.secret.yaml", "a-b/keysets/k/k.yaml"):
        assert bare.run("new", file, "--name", "z", env=BARE).status in {0, 2}
        bare.encrypt(file, "a: b\n")


def test_a_recovery_identity_that_the_settings_do_not_name_is_refused(bare: World) -> None:
    init(bare, "--recovery-out", "~/recovery.txt")
    (bare.repo / ".sops.yaml").unlink()
    done = bare.run("init", "--recovery-out", "~/other.txt", "--json", env=BARE)
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "other-recovery")
    assert not (bare.home / "other.txt").exists()


def test_the_own_identity_is_no_recovery_identity(bare: World) -> None:
    done = bare.run("init", "--recovery-out", str(bare.key_file), "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "recovery-is-own")
    for more in (["--identity-out", "~/.config/../r.txt"], []):
        out = "~/r.txt" if more else f"~/{DEFAULT}"
        done = bare.run("init", "--recovery-out", out, *more, "--json", env=BARE)
        assert (done.status, json.loads(done.stdout)["kind"]) == (2, "recovery-is-own")
    assert list(bare.home.iterdir()) == []


def test_a_file_that_is_no_key_file_is_never_replaced(bare: World) -> None:
    (bare.home / "notes.txt").write_text("notes\n")
    for option in ("--recovery-out", "--identity-out"):
        more = ["--single"] if option == "--identity-out" else []
        done = bare.run("init", option, "~/notes.txt", "--json", *more, env=BARE)
        assert (done.status, json.loads(done.stdout)["kind"]) == (2, "exists")
    assert (bare.home / "notes.txt").read_text() == "notes\n"
    assert not (bare.repo / ".sops.yaml").exists()


def test_a_new_identity_is_where_it_is_asked_for_also_beside_another(bare: World) -> None:
    for _ in range(2):
        done = bare.run("init", "--single", "--identity-out", "~/own.txt")
        assert done.status == 0, done
        rules = (bare.repo / ".sops.yaml").read_text()
        (bare.repo / ".sops.yaml").unlink()
    assert str(bare.identity.to_public()) not in rules
    assert rules.count("age1") == 3
    assert len((bare.home / "own.txt").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "content", ["", "# of a person\n\n", "AGE-PLUGIN-YUBIKEY-1QGZQVQ", "# a\r\n"]
)
def test_a_key_file_that_is_there_keeps_what_it_has(bare: World, content: str) -> None:
    key = bare.home / DEFAULT
    key.parent.mkdir(parents=True)
    key.write_bytes(content.encode())
    init(bare, "--single")
    written = key.read_bytes().decode()
    assert written.startswith(content.rstrip("\n"))
    assert written.count("AGE-SECRET-KEY-1") == 1
    assert key.stat().st_mode & 0o777 == 0o600
    bare.encrypt("infra/secrets/a.yaml", "a: b\n")
    assert bare.run("get", "infra/secrets/a.yaml", "a", env=BARE).stdout == "b"


@pytest.mark.parametrize("content", ["notes\n", "-----BEGIN OPENSSH PRIVATE KEY-----\n"])
def test_a_default_key_file_that_is_none_is_left_alone(bare: World, content: str) -> None:
    key = bare.home / DEFAULT
    key.parent.mkdir(parents=True)
    key.write_text(content)
    done = bare.run("init", "--single", "--json", env=BARE)
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "no-place")
    assert key.read_text() == content


def test_a_file_that_the_environment_names_is_created(bare: World) -> None:
    key = bare.home / "keys/age.txt"
    init(bare, "--single", env={"SOPS_AGE_KEY_FILE": str(key)})
    assert key.stat().st_mode & 0o777 == 0o600
    assert not (bare.home / ".config").exists()


def test_without_a_home_folder_that_can_be_written_the_way_out_is_named(bare: World) -> None:
    (bare.folder / "file").touch()
    done = bare.run("init", "--single", env=BARE | {"HOME": str(bare.folder / "file")})
    assert (done.status, "cannot create folder" in done.stderr) == (3, True), done
    assert "--identity-out" in done.stderr
    assert not (bare.repo / ".sops.yaml").exists()
    out = bare.folder / "elsewhere/id.txt"
    init(bare, "--single", "--identity-out", str(out), env={"HOME": str(bare.folder / "file")})
    assert out.is_file()


@pytest.mark.parametrize("typed", ["~root/x.txt", "~nobody"])
def test_the_home_folder_of_another_is_not_meant(bare: World, typed: str) -> None:
    done = bare.run("init", "--recovery-out", typed, "--json", env=BARE)
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "no-home")


def test_a_file_that_is_typed_at_the_prompt_may_begin_with_a_tilde(bare: World) -> None:
    shown = run_at_terminal(
        bare,
        "init",
        answers=[("recovery identity", "\n"), ("file for the new", "~/a/recovery.txt\n")],
        env=BARE,
    )
    assert shown.status == 0, shown
    assert (bare.home / "a/recovery.txt").is_file()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (["--recipient", "OTHER"], "rules-exist"),
        (["--recovery", "OTHER"], "rules-exist"),
        (["--recovery-out", "~/other.txt"], "rules-exist"),
        (["--recipient", "OWN"], None),
        (["--recovery", "RECOVERY"], None),
        (["--recovery-out", "~/recovery.txt"], None),
        (["--single"], None),
    ],
)
def test_where_rules_are_an_option_says_no_or_is_true_already(
    bare: World, options: list[str], kind: str | None
) -> None:
    init(bare, "--recovery-out", "~/recovery.txt")
    before = (bare.repo / ".sops.yaml").read_bytes()
    recipients = json.loads(bare.run("identity", "show", "--json", env=BARE).stdout)["identities"]
    settings = (bare.repo / "plana-secrets.toml").read_text()
    names = {
        "OTHER": str(pyrage.x25519.Identity.generate().to_public()),
        "OWN": recipients[0]["recipient"],
        "RECOVERY": settings.partition('key = "')[2].partition('"')[0],
    }
    done = bare.run("init", "--json", *(names.get(one, one) for one in options), env=BARE)
    report = json.loads(done.stdout)
    assert (done.status, report.get("kind")) == ((0, None) if kind is None else (2, kind)), report
    assert (bare.repo / ".sops.yaml").read_bytes() == before
    assert not (bare.home / "other.txt").exists()


@pytest.mark.parametrize("env", [BARE, {}], ids=["without another", "beside another"])
def test_an_identity_is_asked_for_where_it_is_created(world: World, env: dict[str, str]) -> None:
    done = world.run("init", "--identity-out", "~/id.txt", "--json", env=env)
    report = json.loads(done.stdout)
    assert (done.status, report["kind"]) == (2, "identity-not-created")
    assert "plana-secrets recipients request NAME --output" in report["hint"]


def test_who_has_no_identity_in_a_repository_of_others_is_told(world: World) -> None:
    world.encrypt("infra/secrets/a.yaml", "a: b\n")
    (world.repo / "plana-secrets.toml").touch()
    world.commit()
    assert "`plana-secrets recipients request NAME`" in world.run("init", env=BARE).stderr
    assert "recipients request" not in world.run("init").stderr


def test_several_at_once_agree(bare: World) -> None:
    def run(_number: int) -> int:
        return bare.run("init", "--recovery-out", "~/r.txt", "--wait", "60", env=BARE).status

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(4))) == [0] * 4
    settings = (bare.repo / "plana-secrets.toml").read_text()
    key = settings.partition('key = "')[2].partition('"')[0]
    assert key in (bare.home / "r.txt").read_text()
    assert (bare.repo / ".sops.yaml").read_text().count(key) == 3


READ_ONLY = """\
mount --make-rprivate / && mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro / || exit 77
cd "$HOME"
touch /var/tmp/writable 2>/dev/null && exit 78
"""
"""Nothing of the disk can be written but the home folder."""


def test_the_first_steps_of_the_readme_on_a_machine_with_one_folder(tmp_path: Path) -> None:
    page = (ROOT / "README.md").read_text()
    steps = page[page.index("## First steps in an empty repository") :]
    commands = [command for command, _ in parse_page(steps[: steps.index("\n## ", 5)]).commands]
    assert commands[0].startswith("plana-secrets init")
    repository = "set -e\ngit init -q repo\ncd repo\n" + "\n".join(commands)
    programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {"PATH": ":".join(programs), "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    roles = [f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    environment |= dict.fromkeys(roles, "a@example.com")

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=tmp_path, check=False, timeout=100, env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip

    space = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-r", "-m"]
    done = run(*space, "bash", "-c", READ_ONLY + repository)
    if done.returncode == 77 or done.stderr.startswith("unshare: "):
        done = run("bash", "-c", repository)  # a container in which nothing can be mounted
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 file, L3, 0 errors" in done.stdout
    assert (tmp_path / DEFAULT).is_file()


def test_rules_under_the_name_that_sops_ignores_are_not_passed_over(world: World) -> None:
    (world.repo / ".sops.yaml").rename(world.repo / ".sops.yml")
    done = world.run("init", "--single", env=BARE)
    assert done.status == 3
    assert "hint: rename it to .sops.yaml" in done.stderr
