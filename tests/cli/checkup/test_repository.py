"""The repository: settings, rules, what git does with secret files, what was left over."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plana_secrets.git.repository import Repository
from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent
from tests.cli.checkup.doctor import FILE, troubles
from tests.world import World


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
