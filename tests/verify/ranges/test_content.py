"""What only a comparison with the base shows of one file."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.verify.inprocess import write
from tests.verify.ranges.inprocess import errors, verify_commits, warnings
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
PLAIN = """\
user: admin
password: pa55
port: 5432
list:
    - one
    - two
nothing: null
none: []
"""


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, PLAIN)
    world.commit()
    world.git("tag", "base")
    return world


def line_of(text: str, key: str) -> str:
    return next(one for one in text.splitlines() if one.startswith(f"{key}:"))


def change(world: World, how: Callable[[str], str]) -> None:
    path = world.repo / APP
    path.write_text(how(path.read_text()))
    world.commit()


def found(world: World) -> list[tuple[str, str | None]]:
    report = verify_commits(world, "base..HEAD")
    every = {one.check: one.path for one in report.findings if one.severity == "error"}
    return sorted(every.items())


def test_a_scalar_that_became_a_list(small: World) -> None:
    def change_it(text: str) -> str:
        line = line_of(text, "password")
        return text.replace(line, line.replace("password: ", "password:\n    - "))

    change(small, change_it)
    assert found(small) == [("changed-without-sops", "password[0]"),
                            ("reshaped-value", "password[0]")]  # fmt: skip


def test_a_list_of_one_value_by_sops_is_a_warning(small: World) -> None:
    text = (small.repo / APP).read_text()
    small.encrypt(APP, PLAIN.replace("pa55", "new"))
    line = line_of(text, "password").replace("password: ", "password:\n    - ")
    other = (small.repo / APP).read_text()
    write(small, APP, other.replace(line_of(other, "password"), line))
    small.commit()
    report = verify_commits(small, "base..HEAD")
    assert errors(report) == []
    assert ("reshaped-value", APP, "password[0]") in warnings(report)


def test_another_type(small: World) -> None:
    change(small, lambda text: text.replace(line_of(text, "port"),
                                            line_of(text, "port").replace("int", "str")))  # fmt: skip
    assert found(small) == [("changed-without-sops", "port"), ("reshaped-value", "port")]


def test_another_time_with_the_old_mac(small: World) -> None:
    """Later, so that it is no rollback; a key is not needed."""
    change(small, lambda text: re.sub(r'lastmodified: "20..', 'lastmodified: "2099', text))
    assert ("changed-without-sops", APP, None) in errors(verify_commits(small, "base.."))


def test_the_line_is_that_of_the_value(small: World) -> None:
    change(small, lambda text: text.replace(line_of(text, "port"), "port: 1"))
    report = verify_commits(small, "base..")
    (finding,) = (one for one in report.findings if one.check == "changed-without-sops")
    assert (finding.path, finding.line) == ("port", 3)


def test_swapped_values(small: World) -> None:
    def swap(text: str) -> str:
        one, other = line_of(text, "user"), line_of(text, "password")
        return text.replace(one, "user: " + other.split(" ", 1)[1]).replace(
            other, "password: " + one.split(" ", 1)[1]
        )

    change(small, swap)
    checks = errors(verify_commits(small, "base..HEAD"))
    assert ("moved-value", APP, "user") in checks
    assert ("moved-value", APP, "password") in checks


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("nothing: null\n", "", "nothing"),
        ("none: []\n", "none: {}\n", "none"),
        ("\nsops:", "\nmore: null\nsops:", "more"),
    ],
)
def test_what_the_mac_does_not_cover(small: World, old: str, new: str, path: str) -> None:
    change(small, lambda text: text.replace(old, new))
    report = verify_commits(small, "base..HEAD")
    assert ("null-changed", APP, path) in warnings(report)
    assert [one[0] for one in errors(report)] == ["changed-without-sops"]


def test_a_null_that_is_meant_to_be_readable_may_change(world: World) -> None:
    file = "infra/secrets/app.secret.yaml"
    manifest = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\n"
    world.encrypt(file, f"{manifest}    creationTimestamp: null\nstringData:\n    a: b\n")
    world.commit()
    world.encrypt(file, f"{manifest}stringData:\n    a: b\n")
    world.commit()
    assert warnings(verify_commits(world, "HEAD~1..")) == []


def test_a_null_by_sops_is_a_warning(small: World) -> None:
    small.encrypt(APP, PLAIN.replace("user: admin", "user: null"))
    small.commit()
    report = verify_commits(small, "base..HEAD")
    assert errors(report) == []
    assert ("null-changed", APP, "user") in warnings(report)


def test_an_encrypted_comment_that_was_removed_by_hand(world: World) -> None:
    world.encrypt(APP, "# about\na: b\n")
    manifest = "infra/secrets/app.secret.yaml"
    readable = (
        "# readable\napiVersion: v1\nkind: Secret\nmetadata:\n    name: a\nstringData:\n    a: b\n"
    )
    world.encrypt(manifest, readable)
    world.commit()
    for file in (APP, manifest):
        path = world.repo / file
        path.write_text(path.read_text().split("\n", 1)[1])
    world.commit()
    assert errors(verify_commits(world, "HEAD~1..")) == [("changed-without-sops", APP, None)]


def test_another_encrypted_comment_with_the_old_mac_is_of_sops(world: World) -> None:
    """In one second sops writes the same MAC again, and no comment is under it."""
    world.encrypt(APP, "# about\na: b\n")
    world.commit()
    world.git("tag", "base")
    change(world, lambda text: re.sub("data:....", "data:AAAA", text, count=1))
    assert found(world) == []


def test_an_old_value_that_came_back(small: World) -> None:
    before = line_of((small.repo / APP).read_text(), "password")
    small.encrypt(APP, PLAIN.replace("pa55", "new"))
    small.commit()
    small.git("tag", "-f", "base")
    change(small, lambda text: text.replace(line_of(text, "password"), before))
    assert ("rolled-back", "password") in found(small)


def test_a_file_that_was_renamed_is_compared_with_what_it_was(small: World) -> None:
    before = line_of((small.repo / APP).read_text(), "password")
    small.encrypt(APP, PLAIN.replace("pa55", "new"))
    small.commit()
    small.git("tag", "-f", "base")
    moved = APP.replace("app", "moved")
    text = (small.repo / APP).read_text()
    (small.repo / APP).unlink()
    write(small, moved, text)
    small.commit()
    assert errors(verify_commits(small, "base..")) == []
    write(small, moved, text.replace(line_of(text, "password"), before))
    small.commit()
    found = errors(verify_commits(small, "base.."))
    assert ("rolled-back", moved, "password") in found
    assert ("changed-without-sops", moved, "password") in found


def test_two_files_with_one_past(small: World) -> None:
    other = APP.replace("app", "other")
    write(small, other, (small.repo / APP).read_text())
    small.commit()
    before = line_of((small.repo / APP).read_text(), "password")
    for file in (APP, other):
        small.encrypt(file, PLAIN.replace("pa55", "new"))
    small.commit()
    small.git("tag", "-f", "base")
    for file in (APP, other):
        text = (small.repo / file).read_text()
        write(small, file, text.replace(line_of(text, "password"), before))
    small.commit()
    found = errors(verify_commits(small, "base.."))
    assert {one[1] for one in found if one[0] == "rolled-back"} == {APP, other}


def test_an_old_file_that_came_back(small: World) -> None:
    text = (small.repo / APP).read_text()
    small.encrypt(APP, PLAIN.replace("pa55", "new"))
    later = re.sub(r"lastmodified: \"\d{4}", 'lastmodified: "2099', (small.repo / APP).read_text())
    write(small, APP, later)
    small.commit()
    small.git("tag", "-f", "base")
    write(small, APP, text)
    small.commit()
    assert (
        len([one for one in errors(verify_commits(small, "base..")) if one[0] == "rolled-back"]) > 1
    )


def test_a_stamp_of_the_year_one_is_compared(small: World) -> None:
    text = (small.repo / APP).read_text()
    write(
        small, APP, re.sub(r"lastmodified: \"[^\"]*", 'lastmodified: "0001-01-01T00:00:00Z', text)
    )
    small.commit()
    small.git("tag", "-f", "base")
    write(small, APP, text)
    small.commit()
    assert errors(verify_commits(small, "base..")) == [("changed-without-sops", APP, None)]


def test_a_removed_file_comes_back_as_it_was_and_no_older(small: World) -> None:
    old = (small.repo / APP).read_text()
    small.sops("set", APP, '["password"]', '"new"')
    last = (small.repo / APP).read_text()
    small.commit()
    (small.repo / APP).unlink()
    small.encrypt("infra/secrets/dev/other.yaml", "a: b\n")
    small.commit()
    small.git("tag", "-f", "base")
    write(small, APP, last)
    small.commit()
    assert errors(verify_commits(small, "base..")) == []
    write(small, APP, old)
    small.commit()
    assert errors(verify_commits(small, "base..")) == [("rolled-back", APP, "password")]


def test_what_sops_does_in_normal_life_is_no_finding(small: World) -> None:
    small.encrypt("infra/secrets/dev/other.yaml", "a: b\n")
    small.sops("set", APP, '["password"]', '"new"')
    small.commit()
    small.sops("set", APP, '["list"][0]', '"zero"')
    small.sops("unset", APP, '["port"]')
    small.commit()
    small.sops("rotate", "-i", APP)
    small.commit()
    small.sops("updatekeys", "-y", APP)
    small.git("commit", "-q", "--allow-empty", "-m", "x")
    report = verify_commits(small, "base..HEAD")
    assert [one for one in report.findings if one.severity == "error"] == []


def test_a_repaired_file_is_no_rollback(small: World) -> None:
    good = (small.repo / APP).read_text()
    write(small, APP, f"<<<<<<< ours\n{good}=======\n{good}>>>>>>> theirs\n")
    small.commit()
    small.git("tag", "-f", "base")
    write(small, APP, good)
    small.commit()
    assert errors(verify_commits(small, "base..HEAD")) == []
