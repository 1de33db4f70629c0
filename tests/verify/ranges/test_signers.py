"""Commits that touch what is protected are signed by a person whom the base allows."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError
from tests.verify.inprocess import write
from tests.verify.ranges.inprocess import verify_commits
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
NEW = "infra/secrets/dev/new.yaml"
SIGNERS = ".git-allowed-signers"
SETTINGS = "plana-secrets.toml"
KEYS = ("alice", "forge", "mallory", "former", "filer")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key for each name; the public part is beside it."""
    folder = tmp_path_factory.mktemp("keys")
    for name in KEYS:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    return folder


def line_of(keys: Path, name: str, options: str = 'namespaces="git"') -> str:
    kind, key, *_ = (keys / f"{name}.pub").read_text().split()
    return f"{name}@example.com {options} {kind} {key}\n"


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> World:
    """A repository whose base allows alice, the forge, a person until 2020, and one to sign files."""
    world = World(tmp_path_factory.mktemp("base"))
    former = line_of(keys, "former", 'valid-before="20200101"')
    other = line_of(keys, "filer", 'namespaces="file"')
    write(world, SIGNERS, line_of(keys, "alice") + line_of(keys, "forge") + former + other)
    write(world, SETTINGS, f'[git]\nallowed_signers = "{SIGNERS}"\n')
    world.encrypt(APP, "user: admin\n")
    world.commit("not signed: it is the base")
    world.git("tag", "base")
    return world


@pytest.fixture
def signed(tmp_path: Path, base: World) -> World:
    """A copy of it."""
    world = World(tmp_path, identity=base.identity)
    shutil.rmtree(world.repo)
    shutil.copytree(base.repo, world.repo)
    return world


def change(world: World, file: str = NEW) -> None:
    """A secret file more; that it is a copy is another finding."""
    write(world, file, (world.repo / APP).read_text())


def commit(world: World, keys: Path, name: str | None, *argv: str) -> str:
    """Commit everything, signed by a key."""
    world.git("add", "-A")
    world.git(*sign(keys, name), "commit", "-q", "-m", "x", *argv)
    return world.git("rev-parse", "HEAD").strip()


def sign(keys: Path, name: str | None) -> tuple[str, ...]:
    if name is None:
        return ("-c", "commit.gpgSign=false")
    of_ssh = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={keys / name}.pub")
    return (*of_ssh, "-c", "commit.gpgSign=true")


def found(world: World, text: str = "base..", **demand: object) -> list[tuple[str, str | None]]:
    report = verify_commits(world, text, **demand)
    return [(one.check, one.commit) for one in report.findings if one.check.startswith("commit-")]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("alice", None),
        ("forge", None),
        (None, "commit-unsigned"),
        ("mallory", "commit-by-stranger"),
        ("former", "commit-key-expired"),
        ("filer", "commit-by-stranger"),
    ],
)
def test_who_signs_a_change(signed: World, keys: Path, name: str | None, check: str | None) -> None:
    change(signed)
    written = commit(signed, keys, name)
    assert found(signed) == ([(check, written)] if check else [])


def test_a_secret_beside_the_roots_that_is_gone_again(signed: World, keys: Path) -> None:
    write(signed, "elsewhere/sops.yaml", (signed.repo / APP).read_text())
    write(signed, "README", "x\n")
    written = commit(signed, keys, None)
    (signed.repo / "elsewhere/sops.yaml").unlink()
    taken = commit(signed, keys, None)
    assert set(found(signed)) == {("commit-unsigned", taken), ("commit-unsigned", written)}


@pytest.mark.long
@pytest.mark.parametrize(
    "file",
    [APP, ".sops.yaml", "infra/.sops.yaml", SETTINGS, SIGNERS, "elsewhere/sops.yaml", "README"],
)
def test_what_has_to_be_signed(signed: World, keys: Path, file: str) -> None:
    if file == "elsewhere/sops.yaml":
        write(signed, file, (signed.repo / APP).read_text())
    else:
        before = (signed.repo / file).read_text() if (signed.repo / file).exists() else ""
        write(signed, file, f"{before}\n# x\n")
    written = commit(signed, keys, None)
    assert found(signed) == ([] if file == "README" else [("commit-unsigned", written)])


def test_a_file_that_is_removed_is_touched(signed: World, keys: Path) -> None:
    change(signed)
    commit(signed, keys, "alice")
    (signed.repo / NEW).unlink()
    removed = commit(signed, keys, None)
    assert found(signed) == [("commit-unsigned", removed)]


def test_the_head_allows_no_one(signed: World, keys: Path) -> None:
    """Neither by another list, nor by another file, nor by no setting at all."""
    write(signed, SIGNERS, (signed.repo / SIGNERS).read_text() + line_of(keys, "mallory"))
    first = commit(signed, keys, "mallory")
    write(signed, "mine", line_of(keys, "mallory"))
    write(signed, SETTINGS, '[git]\nallowed_signers = "mine"\n')
    second = commit(signed, keys, "mallory")
    write(signed, SETTINGS, "")
    third = commit(signed, keys, "mallory")
    assert {one for _, one in found(signed)} == {first, second, third}
    report = verify_commits(signed, "base..")
    assert ("policy-weakened", "git.allowed_signers") in {
        (o.check, o.path) for o in report.findings
    }


def test_a_new_signer_counts_from_the_next_range_on(signed: World, keys: Path) -> None:
    write(signed, SIGNERS, (signed.repo / SIGNERS).read_text() + line_of(keys, "mallory"))
    commit(signed, keys, "alice")
    assert found(signed) == []
    signed.git("tag", "merged")
    change(signed)
    late = commit(signed, keys, "mallory")
    assert found(signed, "merged..") == []
    assert found(signed) == [("commit-by-stranger", late)]


def test_a_signature_of_another_commit(signed: World, keys: Path) -> None:
    change(signed)
    good = commit(signed, keys, "alice")
    text = signed.git("cat-file", "commit", good)
    forged = text.replace("\nx\n", "\ny\n")
    assert forged != text
    done = signed.command(
        "git", "hash-object", "-t", "commit", "-w", "--stdin", stdin=forged.encode()
    )
    assert found(signed, f"base..{done.stdout.strip()}") == [
        ("commit-signature-bad", done.stdout.strip())
    ]


def test_no_setting_of_git_decides(signed: World, keys: Path) -> None:
    revoked = signed.folder / "revoked"
    revoked.write_text(line_of(keys, "alice", "").partition(" ")[2].strip() + "\n")
    for name, value in (
        ("gpg.ssh.allowedSignersFile", str(revoked)),
        ("gpg.ssh.revocationFile", str(revoked)),
        ("gpg.minTrustLevel", "undefined"),
        ("log.diffMerges", "off"),
    ):
        signed.git("config", name, value)
    change(signed)
    commit(signed, keys, "alice")
    late = (signed.repo / NEW).rename(signed.repo / "infra/secrets/dev/late.yaml")
    written = commit(signed, keys, "mallory")
    assert late.exists()
    assert found(signed) == [("commit-by-stranger", written)]


def test_a_signature_of_gpg_is_none_and_starts_no_gpg(signed: World, keys: Path) -> None:
    change(signed)
    text = signed.git("cat-file", "commit", commit(signed, keys, "alice")).replace(" SSH ", " PGP ")
    done = signed.command(
        "git", "hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode()
    )
    started = signed.folder / "started"
    program = signed.folder / "gpg"
    program.write_text(f"#!/bin/sh\ntouch {started}\n")
    program.chmod(0o755)
    for name in ("gpg.program", "gpg.openpgp.program", "gpg.ssh.program"):
        signed.git("config", name, str(program))
    assert found(signed, f"base..{done.stdout.strip()}") == [
        ("commit-unsigned", done.stdout.strip())
    ]
    assert not started.exists()


@pytest.mark.parametrize("strategy", ["ort", "ours"])
@pytest.mark.parametrize("name", [None, "forge"], ids=["unsigned", "forge"])
def test_a_merge_is_signed_too(signed: World, keys: Path, strategy: str, name: str | None) -> None:
    """Also one that takes back what one side did."""
    signed.git("checkout", "-q", "-b", "side")
    change(signed)
    commit(signed, keys, "alice")
    signed.git("checkout", "-q", "main")
    write(signed, "README", "x\n")
    commit(signed, keys, None)
    signed.git(*sign(keys, name), "merge", "-q", "--no-ff", "-s", strategy, "side", "-m", "merge")
    merge = signed.git("rev-parse", "HEAD").strip()
    assert found(signed) == ([("commit-unsigned", merge)] if name is None else [])


def test_every_commit_and_not_only_the_last(signed: World, keys: Path) -> None:
    change(signed)
    first = commit(signed, keys, None)
    (signed.repo / NEW).unlink()
    commit(signed, keys, "alice")
    assert found(signed) == [("commit-unsigned", first)]


def test_without_the_setting_nothing_is_asked(world: World, keys: Path) -> None:
    world.encrypt(APP, "user: admin\n")
    world.commit()
    world.git("tag", "base")
    write(world, SIGNERS, line_of(keys, "alice"))
    write(world, SETTINGS, f'[git]\nallowed_signers = "{SIGNERS}"\n')
    world.encrypt(NEW, "a: b\n")
    commit(world, keys, None)
    assert found(world) == []


@pytest.mark.long
@pytest.mark.parametrize("there", ["nothing", "a link", "no line that counts"])
def test_a_file_that_says_nothing_allows_no_one(world: World, keys: Path, there: str) -> None:
    write(world, SETTINGS, f'[git]\nallowed_signers = "{SIGNERS}"\n')
    if there == "a link":
        write(world, "real", line_of(keys, "alice"))
        (world.repo / SIGNERS).symlink_to("real")
    elif there != "nothing":
        write(world, SIGNERS, "alice@example.com\n")
    world.encrypt(APP, "user: admin\n")
    world.commit()
    world.git("tag", "base")
    world.encrypt(NEW, "a: b\n")
    written = commit(world, keys, "alice")
    assert found(world) == [("commit-by-stranger", written)]


def test_the_place_and_the_key_are_named(signed: World, keys: Path) -> None:
    for file in (NEW, "infra/secrets/dev/other.yaml"):
        change(signed, file)
    commit(signed, keys, "mallory")
    report = verify_commits(signed, "base..")
    (one,) = [each for each in report.findings if each.check == "commit-by-stranger"]
    fingerprint = subprocess.run(
        ["ssh-keygen", "-l", "-f", f"{keys / 'mallory'}.pub"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()[1]
    assert (one.file, fingerprint in one.message, "2 protected files" in one.message) == (
        NEW,
        True,
        True,
    )
    assert report.exit_code() == 1


def test_without_ssh_keygen_a_range_is_not_checked(
    signed: World, keys: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(signed, "README", "x\n")
    commit(signed, keys, None)
    bare = tmp_path / "bin"
    bare.mkdir()
    (bare / "git").symlink_to(signed.command("which", "git").stdout.strip())
    monkeypatch.setenv("PATH", str(bare))
    assert found(signed) == []
    monkeypatch.undo()
    change(signed)
    commit(signed, keys, "alice")
    monkeypatch.setenv("PATH", str(bare))
    with pytest.raises(FailedError) as caught:
        verify_commits(signed, "base..")
    assert caught.value.kind == "no-ssh-keygen"
