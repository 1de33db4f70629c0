"""The Dockerfile, the manifest and the units of docs/jobs.md are what they say."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.jobs import page


def test_the_manifest_mounts_what_its_variables_name() -> None:
    spec = page.pod()
    (container,) = spec["containers"]
    places = {one["name"]: one for one in container["volumeMounts"]}
    volumes = {one["name"]: one for one in spec["volumes"]}
    assert places.keys() == volumes.keys()
    given = {one["name"]: one["value"] for one in container["env"] if one["name"] != "REPOSITORY"}
    named = re.findall(r"(?<!\w)/[\w./-]+", " ".join(given.values()))
    below = tuple(one["mountPath"] for one in places.values())
    assert len(named) == 5
    assert all(one.startswith(below) for one in named)
    assert volumes["memory"]["emptyDir"]["medium"] == "Memory"
    assert given["XDG_RUNTIME_DIR"] == places["memory"]["mountPath"]
    for name in ("age", "git"):
        assert volumes[name]["secret"]["defaultMode"] == 0o400
        assert places[name]["readOnly"]
    where = page.claim()["metadata"]
    assert where["name"] == volumes["state"]["persistentVolumeClaim"]["claimName"]
    assert where["namespace"] == page.manifest()["metadata"]["namespace"]


def test_each_run_of_the_unit_begins_with_a_clone_of_its_own(tmp_path: Path) -> None:
    """Also when the last one left a commit that the server never got, and moved on."""
    unit = page.units()["plana-secrets.service"].replace("%S", str(tmp_path))
    steps = re.findall(r"(?m)^ExecStartPre=(.*)$", unit)
    (folder,) = re.findall(r"(?m)^WorkingDirectory=-(.*)$", unit)
    settings = (
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "init.defaultBranch=main",
    )

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *settings, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    remote = tmp_path / "remote"
    git("init", "-q", str(remote))
    for number in range(2):
        git("-C", str(remote), "commit", "-q", "--allow-empty", "-m", f"deployed {number}")
        for step in steps:
            step = re.sub(r"ssh://\S+", str(remote), step)  # noqa: PLW2901
            subprocess.run(["sh", "-c", step], check=True, cwd="/")
        assert git("-C", folder, "log", "-1", "--format=%s") == f"deployed {number}"
        git("-C", folder, "commit", "-q", "--allow-empty", "-m", "not pushed")


def test_the_manifest_gives_the_pod_nothing_that_it_does_not_need() -> None:
    spec, (container,) = page.pod(), page.pod()["containers"]
    user = dict(page.dockerfile())["USER"]
    own = spec["securityContext"]
    assert user == f"{own['runAsUser']}:{own['runAsGroup']}" == "65534:65534"
    assert own["runAsNonRoot"]
    assert own["fsGroup"] == own["runAsGroup"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert page.manifest()["spec"]["concurrencyPolicy"] == "Forbid"


def test_the_checks_that_the_page_names_are_those_of_doctor() -> None:
    source = "".join(
        one.read_text() for one in (page.ROOT / "plana_secrets/cli/checkup").glob("*.py")
    )
    rows = re.findall(r"(?m)^\| (`.*?`) \| ", page.TEXT)
    named = {word for row in rows for word in re.findall(r"`([a-z-]+)`", row)}
    assert len(named) >= 9
    assert all(f'"{one}"' in source for one in named)
    assert set(re.findall(r'"(job-[a-z]+)"', source)) <= named


def _download_of_sops() -> str:
    return next(rest for word, rest in page.dockerfile() if word == "RUN" and "curl --fail" in rest)


@pytest.mark.parametrize("checksum", ["right", "wrong", ""])
def test_the_image_takes_no_sops_but_the_one_of_the_checksum(tmp_path: Path, checksum: str) -> None:
    """The step is run with a curl that gives a file, in a folder in the place of /usr/local."""
    release, curl = tmp_path / "release", tmp_path / "bin" / "curl"
    release.write_text("#!/bin/sh\necho sops\n")
    curl.parent.mkdir()
    curl.write_text(
        '#!/bin/sh\nfor one; do [ "$last" != --output ] || out=$one; last=$one; done\n'
        f'case $last in https://github.com/getsops/sops/releases/download/v9.9.9/*) cp {release} "$out";; *) exit 22;; esac\n'
    )
    curl.chmod(0o755)
    right = hashlib.sha256(release.read_bytes()).hexdigest()
    sums = {"right": right, "wrong": right[::-1], "": ""}
    step = _download_of_sops().replace("/usr/local/bin", str(tmp_path))
    done = subprocess.run(
        ["sh", "-c", step], capture_output=True, text=True, check=False,
        env={"PATH": f"{curl.parent}:{os.environ['PATH']}", "SOPS_VERSION": "9.9.9",
             "SOPS_SHA256": sums[checksum]},
    )  # fmt: skip
    assert (done.returncode == 0) is (checksum == "right"), done
    assert os.access(tmp_path / "sops", os.X_OK) is (checksum == "right")


def test_the_steps_of_the_image_are_sound_shell() -> None:
    words = [word for word, _ in page.dockerfile()]
    assert words[0] == "FROM"
    assert words[-1] == "USER"
    for word, rest in page.dockerfile():
        if word == "RUN":
            subprocess.run(["sh", "-n", "-c", rest], check=True)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("NOT RUN: no systemd-analyze here")
    for name, text in page.units().items():
        (tmp_path / name).write_text(text.replace("/usr/local/bin/plana-secrets", "/bin/true"))
    assert len(list(tmp_path.iterdir())) == 2
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_the_calendar_of_the_timer_is_twice_an_hour() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("NOT RUN: no systemd-analyze here")
    (when,) = re.findall(r"(?m)^OnCalendar=(.*)$", page.units()["plana-secrets.timer"])
    done = subprocess.run(
        ["systemd-analyze", "calendar", when], capture_output=True, text=True, check=True
    )
    assert "*-*-* *:07,37:00" in done.stdout
