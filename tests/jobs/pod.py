"""Folders laid out like a pod, and a program run in them as the container would run it.

The root is read-only and has what the image has: programs, no home folder, no /dev/shm. The
volumes have the owners and modes that kubelet gives them. It needs root and mount namespaces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import page

IMAGE = ["/usr", "/bin", "/sbin", "/lib", "/lib64"]
DEVICES = ["null", "zero", "urandom", "random"]
PASSWD = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"

SCRIPT = """
set -e
fail() { echo "no pod: $1" >&2; exit 77; }
root=$1; stage=$2; shift 2
mount --make-rprivate / || fail private
mount -t tmpfs -o mode=755 tmpfs "$root" || fail tmpfs
cd "$root"
mkdir -p proc dev tmp etc
while read -r kind place source; do
    case $kind in
    link) ln -s "$source" ".$place" ;;
    read) mkdir -p ".$place"; mount --bind "$source" ".$place"; mount -o remount,ro,bind ".$place" ;;
    write) mkdir -p ".$place"; mount --bind "$source" ".$place" ;;
    device) : > ".$place"; mount --bind "$source" ".$place" ;;
    volume) mkdir -p ".$place"; mount -t tmpfs -o "$source" tmpfs ".$place" ;;
    secret) mkdir -p ".$place"; mount -t tmpfs -o mode=755 tmpfs ".$place"
        mkdir ".$place/..2026"; cp "$stage/$source"/* ".$place/..2026"; chown -R "0:$GROUP" ".$place"
        chmod "$MODE" ".$place/..2026"/*; ln -s ..2026 ".$place/..data"
        for one in "$stage/$source"/*; do ln -s "..data/${one##*/}" ".$place/${one##*/}"; done
        mount -o remount,ro ".$place" ;;
    esac
done < "$stage/layout" || fail layout
cp "$stage/passwd" etc/passwd
: > etc/group
mount --bind /proc proc || fail proc
[ -z "$SHM" ] || { mkdir dev/shm; mount -t tmpfs -o "$SHM" tmpfs dev/shm; }
mount -o remount,ro "$root" || fail remount
exec chroot "$root" /usr/bin/setpriv --reuid "$USER_ID" --regid "$GROUP" --groups "$GROUP" \\
    --no-new-privs --bounding-set=-all /usr/bin/env -i "$@"
"""


@dataclass
class Pod:
    """The pod of the documented manifest; ``remote`` stands for its git server.

    ``environment`` overrides, and None removes, variables of the manifest.
    """

    folder: Path
    remote: Path
    secrets: Mapping[str, Mapping[str, str]]
    user: int = 65534
    group: int = 65534
    passwd: str = PASSWD
    shm: str = ""
    environment: dict[str, str | None] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    """More lines of the layout."""

    def __post_init__(self) -> None:
        if os.getuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
            pytest.skip("NOT RUN: a pod needs root, unshare and setpriv")

    def run(self, script: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a script, by default that of the manifest, in the container."""
        container = page.pod()["containers"][0]
        stage, root = self.folder / "stage", self.folder / "root"
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(parents=True)
        root.mkdir(exist_ok=True)
        (stage / "passwd").write_text(self.passwd)
        (stage / "layout").write_text("\n".join(self._layout(stage)) + "\n")
        argv = [*container["command"], script or container["args"][0]]
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", SCRIPT, "sh", str(root), str(stage), *self._variables(), *argv],
            capture_output=True, text=True, check=False, timeout=300,
            env={"PATH": os.environ["PATH"], "GROUP": str(self.group), "USER_ID": str(self.user),
                 "MODE": "0440", "SHM": self.shm},
        )  # fmt: skip
        if done.returncode == 77 or done.stderr.startswith("unshare: "):
            pytest.skip(f"NOT RUN: {done.stderr}")
        return done

    def _variables(self) -> list[str]:
        container = page.pod()["containers"][0]
        path = next(rest for word, rest in page.dockerfile() if word == "ENV")
        given = {one["name"]: one["value"] for one in container["env"]}
        given |= {"REPOSITORY": str(self.remote), **self.environment}
        return [path, *(f"{name}={value}" for name, value in given.items() if value is not None)]

    def _layout(self, stage: Path) -> list[str]:
        lines = [f"link {one} {Path(one).readlink()}" for one in IMAGE if Path(one).is_symlink()]
        programs = {*IMAGE, sys.prefix, sys.base_prefix, str(page.ROOT / "plana_secrets")}
        shown = [
            one for one in sorted(programs) if Path(one).is_dir() and not Path(one).is_symlink()
        ]
        outer = [one for one in shown if not any(one.startswith(f"{other}/") for other in shown)]
        lines += [f"read {one} {one}" for one in outer]
        lines += [f"device /dev/{one} /dev/{one}" for one in DEVICES]
        lines.append(f"read /opt/plana-secrets {sys.prefix}")
        lines.append(f"write {self.remote} {self.remote}")
        return lines + self._volumes(stage) + self.extra

    def _volumes(self, stage: Path) -> list[str]:
        spec: dict[str, Any] = page.pod()
        places = {one["name"]: one["mountPath"] for one in spec["containers"][0]["volumeMounts"]}
        lines = []
        for volume in spec["volumes"]:
            place = places[volume["name"]]
            if "secret" in volume:
                name = volume["secret"]["secretName"]
                (stage / name).mkdir()
                for key, text in self.secrets[name].items():
                    (stage / name / key).write_text(text)
                lines.append(f"secret {place} {name}")
            elif place == "/state" and (self.folder / "claim").is_dir():
                lines.append(f"write {place} {self.folder / 'claim'}")
            else:
                lines.append(f"volume {place} mode=2777,gid={self.group}")
        return lines


def lines_of(done: subprocess.CompletedProcess[str]) -> Sequence[str]:
    return (done.stdout + done.stderr).splitlines()
