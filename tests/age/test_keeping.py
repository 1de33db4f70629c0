"""A key file is made once and never replaced: what is lost there makes files unreadable."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from plana_secrets.age.identities import generate_identity, parse_identity_file
from plana_secrets.age.keeping import add_to_key_file, is_key_list, write_key_file
from plana_secrets.errors import FailedError, UsageError
from plana_secrets.secret import Secret


def test_a_key_file_is_the_owners_and_reads_back(tmp_path: Path) -> None:
    identities = [generate_identity(), generate_identity()]
    write_key_file(tmp_path / "keys.txt", identities)
    content = (tmp_path / "keys.txt").read_bytes()
    assert stat.S_IMODE((tmp_path / "keys.txt").stat().st_mode) == 0o600
    back = parse_identity_file(Secret(content), "the test")
    assert [one.recipient.text for one in back.members] == [
        one.recipient.text for one in identities
    ]
    for one in identities:
        assert f"# public key: {one.recipient.text}\n".encode() in content


@pytest.mark.parametrize("what", ["file", "empty file", "folder", "link", "dangling link"])
def test_nothing_that_is_there_is_replaced(tmp_path: Path, what: str) -> None:
    path, other = tmp_path / "keys.txt", tmp_path / "other"
    if what == "folder":
        path.mkdir()
    elif what.endswith("link"):
        path.symlink_to(other)
        if what == "link":
            other.write_text("the only copy")
    else:
        path.write_text("the only copy" if what == "file" else "")
    with pytest.raises(UsageError) as caught:
        write_key_file(path, [generate_identity()])
    assert caught.value.kind == "exists"
    assert path.is_symlink() is what.endswith("link")
    assert other.exists() is (what == "link")
    if what in {"file", "link"}:
        assert path.read_text() == "the only copy"


def test_a_folder_that_is_not_there_is_created_for_its_owner(tmp_path: Path) -> None:
    write_key_file(tmp_path / "new" / "keys.txt", [generate_identity()])
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_created_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FailedError) as caught:
        write_key_file(tmp_path / "file" / "keys.txt", [generate_identity()])
    assert caught.value.kind == "unwritable-file"


OLD = b"# mine\n\n AGE-PLUGIN-YUBIKEY-1QQ \nAGE-SECRET-KEY-1QQ"


def test_an_identity_goes_behind_those_of_a_key_list_and_nothing_is_lost(tmp_path: Path) -> None:
    path, identity = tmp_path / "keys.txt", generate_identity()
    path.write_bytes(OLD)
    path.chmod(0o644)
    assert is_key_list(path)
    add_to_key_file(path, [identity])
    content = path.read_bytes()
    assert content.startswith(OLD + b"\n")
    assert content.endswith(identity.text.reveal() + b"\n")
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"")
    add_to_key_file(path, [identity])
    assert identity.text.reveal() in path.read_bytes()
    assert not path.read_bytes().startswith(b"\n")


@pytest.mark.parametrize(
    "content", [b"-----BEGIN OPENSSH PRIVATE KEY-----\n", OLD + b"\nother\n"], ids=["ssh", "other"]
)
def test_what_is_no_key_list_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        add_to_key_file(path, [generate_identity()])
    assert (caught.value.kind, path.read_bytes()) == ("exists", content)


def test_a_link_and_a_folder_are_no_key_list(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(OLD)
    link = tmp_path / "link"
    link.symlink_to("real")
    assert not is_key_list(link)
    assert not is_key_list(tmp_path)
    assert not is_key_list(tmp_path / "gone")
    with pytest.raises(UsageError):
        add_to_key_file(link, [generate_identity()])
    assert (tmp_path / "real").read_bytes() == OLD
