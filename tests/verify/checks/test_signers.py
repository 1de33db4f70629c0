"""The file of allowed signers, beside what ssh-keygen itself makes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.verify.inprocess import of_check, verify, write
from tests.world import World

FILE = ".git-allowed-signers"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("key") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place)], check=True)
    return place


def public(key: Path) -> str:
    return " ".join(Path(f"{key}.pub").read_text().split()[:2])


LINES = {
    "a@b {key}": True,
    "a@b {key} a comment": True,
    "*@b,c@d {key}": True,
    '"a b@c" {key}': True,
    'a@b namespaces="git,file" {key}': True,
    'a@b namespaces="git",valid-before="20300101" {key}': True,
    "a@b": False,
    "{key}": False,
    "a@b ssh-ed25519": False,
    "a@b ssh-ed25519 AAAA": False,
    "a@b ssh-rsa {blob}": False,
    "a@b ssh-ed25519 {blob}!": False,
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_counts_where_it_counts_for_ssh_keygen(world: World, key: Path, line: str) -> None:
    text = line.format(key=public(key), blob=public(key).split()[1])
    write(world, FILE, f"# who may\n\n{text}\n")
    signed = world.folder / "signed"
    signed.write_text("x")
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(key), str(signed)]
    subprocess.run(sign, check=True, capture_output=True)
    find = [
        "ssh-keygen",
        "-Y",
        "find-principals",
        "-f",
        str(world.repo / FILE),
        "-s",
        f"{signed}.sig",
    ]
    done = subprocess.run(find, check=False, capture_output=True)
    assert (done.returncode == 0) is LINES[line]
    write(world, "plana-secrets.toml", f'[git]\nallowed_signers = "{FILE}"\n')
    write(world, "infra/secrets/a.yaml", "x: y\n")
    found = of_check(verify(world), "allowed-signers")
    assert [one.line for one in found] == ([] if LINES[line] else [None, 3])


def test_a_file_that_is_not_there(world: World) -> None:
    write(world, "plana-secrets.toml", f'[git]\nallowed_signers = "{FILE}"\n')
    write(world, "infra/secrets/a.yaml", "x: y\n")
    (found,) = of_check(verify(world), "allowed-signers")
    assert (found.file, found.line) == (FILE, None)
