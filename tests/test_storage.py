"""A file is at every instant the old or the new one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plana_secrets.errors import FailedError
from plana_secrets.locks import locked
from plana_secrets.storage import (
    append_synced,
    digest_of,
    find_leftovers,
    make_folder,
    read_regular_file,
    remove_file,
    remove_tree,
    replace_file,
)

WRITER = """
import sys
from pathlib import Path
from plana_secrets.storage import replace_file
replace_file(Path(sys.argv[1]), b"new" * 5000)
"""


def test_a_file_is_made_and_replaced(tmp_path):
    target = tmp_path / "a.yaml"
    replace_file(target, b"old")
    target.chmod(0o640)
    replace_file(target, b"new")
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_a_digest_is_the_sha256_that_other_programs_print():
    """Of the empty file and of ``abc``, as FIPS 180-2 has them."""
    empty, abc = digest_of(b""), digest_of(b"abc")
    assert empty == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert abc == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_mode_that_is_asked_for_is_given(tmp_path):
    replace_file(tmp_path / "key", b"x", mode=0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_symlink_is_refused_and_its_target_untouched(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    for action in (
        lambda: replace_file(tmp_path / "link", b"new"),
        lambda: read_regular_file(tmp_path / "link"),
    ):
        with pytest.raises(FailedError) as caught:
            action()
        assert caught.value.kind == "not-a-regular-file"
    assert (tmp_path / "real").read_bytes() == b"old"


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "rename", "openat"])
@pytest.mark.parametrize("fault", ["signal=KILL", "error=ENOSPC", "error=EIO"])
def test_whatever_fails_the_file_is_old_or_new(tmp_path, call, fault):
    """A sweep: the fault at the first, second, third ... call of its kind, until none is left."""
    target = tmp_path / "a.yaml"
    old = b"old" * 4000
    for number in range(1, 400):
        target.write_bytes(old)
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}",
             sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r})\n{WRITER}", str(target)],
            capture_output=True, check=False,
        )  # fmt: skip
        assert target.read_bytes() in (old, b"new" * 5000)
        if done.returncode == 0 and target.read_bytes() != old:
            break
        if call == "openat" and number > 90:
            break
    else:
        pytest.fail("the writer never ended well")
    for leftover in find_leftovers(tmp_path):
        leftover.unlink()


ROOT = str(Path(__file__).parents[1])


def test_a_full_disk_is_named_and_changes_nothing(tmp_path):
    script = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n{WRITER}"
    target = tmp_path / "a.yaml"
    target.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", script, str(target)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert target.read_bytes() == b"old"
    assert not find_leftovers(tmp_path)


def test_leftovers_are_told_from_files(tmp_path):
    (tmp_path / ".a.yaml.plana-0123abcd").write_bytes(b"")
    (tmp_path / ".a.yaml.plana-notours").write_bytes(b"")
    (tmp_path / "a.plana-0123abcd").write_bytes(b"")
    (tmp_path / ".link.plana-0123abcd").symlink_to(".a.yaml.plana-notours")
    os.mkfifo(tmp_path / ".pipe.plana-0123abcd")
    assert [path.name for path in find_leftovers(tmp_path)] == [".a.yaml.plana-0123abcd"]


def test_journal_lines_are_appended_privately(tmp_path):
    append_synced(tmp_path / "journal", b"one\n")
    append_synced(tmp_path / "journal", b"two\n")
    assert (tmp_path / "journal").read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600
    remove_file(tmp_path / "journal")
    remove_file(tmp_path / "journal")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda p: None, "missing-file"),
        (os.mkfifo, "not-a-regular-file"),
        (lambda p: p.mkdir(), "not-a-regular-file"),
        (lambda p: p.write_bytes(b"x" * 11), "too-large"),
    ],
)
def test_what_cannot_be_read_is_told_apart(tmp_path, make, kind):
    make(tmp_path / "x")
    with pytest.raises(FailedError) as caught:
        read_regular_file(tmp_path / "x", limit=10)
    assert caught.value.kind == kind


def test_a_file_of_exactly_the_limit_is_read(tmp_path):
    (tmp_path / "x").write_bytes(b"x" * 10)
    assert read_regular_file(tmp_path / "x", limit=10) == b"x" * 10
    (tmp_path / "x").write_bytes(b"")
    assert read_regular_file(tmp_path / "x", limit=0) == b""


def test_a_replacement_is_on_the_disk_before_it_is_in_place_and_its_name_after(tmp_path):
    """What a power cut at any moment leaves is the old file or the new one."""
    trace = tmp_path / "trace"
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2"
    subprocess.run(
        ["strace", "-f", "-qq", "-y", "-o", str(trace), "-e", calls,
         sys.executable, "-I", "-S", "-B", "-c",
         f"import sys; sys.path.append({ROOT!r})\n{WRITER}", str(tmp_path / "a.yaml")],
        check=True,
    )  # fmt: skip
    steps = [line.split(None, 1)[1].split("(")[0] for line in trace.read_text().splitlines()]
    assert steps == ["fsync", "rename", "fsync"]
    assert f"<{tmp_path}>" in trace.read_text().splitlines()[-1]


def test_a_torn_last_line_goes_before_the_next_one(tmp_path):
    journal = tmp_path / "journal"
    for torn, kept in ((b"one\ntw", b"one\n"), (b"tor", b""), (b"one\n", b"one\n")):
        journal.write_bytes(torn)
        append_synced(journal, b"next\n")
        assert journal.read_bytes() == kept + b"next\n"


@pytest.mark.parametrize(
    "action",
    [
        lambda path: replace_file(path / "a/b", b"x"),
        lambda path: append_synced(path / "a/b", b"x"),
        lambda path: remove_file(path / "a/b"),
        lambda path: make_folder(path / "a/b"),
        lambda path: make_folder(path / "a"),
        lambda path: append_synced(path / "link", b"x"),
        lambda path: locked(path / "link", command="x").__enter__(),
        lambda path: locked(path / "a/b", command="x").__enter__(),
    ],
)
def test_what_cannot_be_written_is_an_error_of_ours(tmp_path, action):
    (tmp_path / "a").write_bytes(b"a file, where a folder is needed")
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(FailedError) as caught:
        action(tmp_path)
    assert caught.value.kind == "unwritable-file"
    assert not (tmp_path / "target").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "link"]


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(FailedError) as caught:
        replace_file(tmp_path / "x", b"x")
    assert caught.value.kind == "not-a-regular-file"


def test_a_tree_is_removed_and_no_link_in_it_is_followed(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kept").touch()
    tree = tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tree / "a/file").touch()
    (tree / "a/link").symlink_to(tmp_path / "outside")
    remove_tree(tree)
    assert not tree.exists()
    assert (tmp_path / "outside/kept").exists()
    (tmp_path / "link").symlink_to("outside")
    remove_tree(tmp_path / "link")
    remove_tree(tmp_path / "gone")
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]


def test_a_folder_is_made_with_its_parents_and_its_mode_once(tmp_path):
    make_folder(tmp_path / "a/b", mode=0o700)
    make_folder(tmp_path / "a/b")
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o700


def test_what_looks_like_a_leftover_and_is_no_file_is_none(tmp_path):
    name = ".a.yaml.plana-0123abcd"
    (tmp_path / "folder" / name).mkdir(parents=True)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / name).symlink_to("/etc/passwd")
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er" / name).touch()
    assert find_leftovers(tmp_path) == [tmp_path / "deep/er" / name]


def test_a_file_is_read_up_to_a_limit_and_named_beyond_it(tmp_path):
    """Also one that does not know its size, as those of /proc."""
    (tmp_path / "a").write_bytes(b"12345678")
    assert read_regular_file(tmp_path / "a", limit=8) == b"12345678"
    for path in (tmp_path / "a", Path("/proc/self/status")):
        with pytest.raises(FailedError) as caught:
            read_regular_file(path, limit=7)
        assert (caught.value.kind, caught.value.facts["file"]) == ("too-large", str(path))


@pytest.mark.parametrize("name", ["n" * 300, "/".join(["d" * 200] * 30)])
def test_a_name_that_is_too_long_is_an_error_of_ours(tmp_path, name):
    for action in (
        lambda: read_regular_file(tmp_path / name),
        lambda: replace_file(tmp_path / name, b""),
        lambda: append_synced(tmp_path / name, b""),
        lambda: remove_file(tmp_path / name),
        lambda: make_folder(tmp_path / name),
    ):
        with pytest.raises(FailedError, match="name too long"):
            action()


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_no_folder_that_is_made_can_be_written_to_by_others(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_folder(tmp_path / "a" / "b" / "c", mode=0o700)
    finally:
        os.umask(before)
    modes = [(tmp_path / one).stat().st_mode for one in ("a", "a/b", "a/b/c")]
    assert all(mode & 0o022 == 0 for mode in modes)
    assert modes[-1] & 0o777 == 0o700
