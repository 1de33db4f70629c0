"""Checks that need a few facts and no repository: attributes, copies, kinds, times. Pure."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from plana_secrets.git.repository import Repository
from plana_secrets.git.trees import WorkTree
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Item, Leaf, LeafType, Structure
from plana_secrets.verify.checks.attributes import check_attributes
from plana_secrets.verify.checks.copies import CopyFinder
from plana_secrets.verify.checks.identities import check_identities
from plana_secrets.verify.checks.keynames import check_key_names
from plana_secrets.verify.checks.strangers import check_kind, check_plain, check_stranger
from plana_secrets.verify.checks.timestamps import check_lastmodified
from plana_secrets.verify.finding import Finding
from tests.verify.checks.subjects import FILE, ONE, short, subject
from tests.verify.inprocess import checks, of_check, verify
from tests.world import World


@pytest.mark.parametrize(
    ("attributes", "severity"),
    [
        ({"filter": "x"}, "error"),
        ({"filter": "set"}, "error"),
        ({"filter": "unset"}, None),
        ({"working-tree-encoding": "UTF-16"}, "error"),
        ({"ident": "set"}, "error"),
        ({"ident": "unset"}, None),
        ({"export-subst": "set"}, "error"),
        ({"merge": "union"}, "warning"),
        ({"merge": "binary"}, None),
        ({"merge": "text"}, None),
        ({"merge": "unset"}, None),
        ({"diff": "x"}, "warning"),
        ({"diff": "set"}, None),
        ({"diff": "unset"}, None),
        ({"diff": "unspecified"}, None),
        ({"diff": "plana-secrets", "merge": "plana-secrets"}, None),
        ({"diff": "x", "filter": "y"}, "error"),
        ({"eol": "lf", "text": "auto"}, None),
    ],
)
def test_an_attribute_is_judged_by_what_git_does_with_it(
    attributes: dict[str, str], severity: str | None
) -> None:
    found = short(check_attributes({FILE: attributes}))
    assert found == ([("git-attributes", severity)] if severity else [])


def test_a_copy_names_the_first_file_that_has_its_ciphertext() -> None:
    finder = CopyFinder()
    assert list(finder.add("a", (b"1", b"2"))) == []
    assert list(finder.add("b", (b"3",))) == []
    (finding,) = finder.add("c", (b"4", b"2"))
    assert (finding.check, finding.file) == ("copied-file", "c")
    assert finding.message.endswith(" a")
    (again,) = finder.add("d", (b"2", b"4"))
    assert again.message.endswith(" a")
    (later,) = finder.add("e", (b"4",))
    assert later.message.endswith(" c")


def test_a_copy_with_other_values_has_the_data_key_of_the_first(world: World) -> None:
    first, second = "infra/secrets/a.yaml", "infra/secrets/b.yaml"
    text = world.encrypt(first, "a: one\n").read_text()
    (world.repo / second).write_text(text)
    world.sops("set", second, '["a"]', '"two"')
    (finding,) = of_check(verify(world), "copied-file")
    assert (finding.file, finding.message) == (second, f"the same data key as in {first}")
    world.sops("rotate", "-i", second)
    assert checks(verify(world)) == []


@pytest.mark.parametrize(
    ("stamp", "is_found"),
    [
        ("2026-11-23T12:00:00Z", False),
        ("2026-11-23T12:05:00Z", False),
        ("2026-11-23T12:05:01Z", True),
        ("2027-01-01T00:00:00Z", True),
        ("2026-11-23T13:00:00+02:00", False),
        ("2026-11-23T12:05:01", True),
        ("never", False),
    ],
)
def test_a_time_in_the_future_is_found_and_clocks_may_differ(stamp: str, is_found: bool) -> None:
    assert bool(list(check_lastmodified(subject(ONE, lastmodified=stamp)))) is is_found


def test_a_value_in_the_name_of_a_key_is_found_wherever_it_is_and_not_in_comments() -> None:
    def leaf(path: LeafPath, line: int) -> Leaf:
        return Leaf(path, line, LeafType.STR, True, None, None)

    comment = Comment(("a=b",), 1, True, None, Secret(b"x=y"))
    items: list[Item] = [
        comment,
        leaf(("a", 0, "b"), 2),
        leaf(("pin=hunter2",), 3),
        leaf(("a", "b=", 0), 4),
    ]
    own = subject(ONE)
    found = list(check_key_names(replace(own, structure=Structure(items, own.metadata))))
    assert [(one.check, one.line, one.path) for one in found] == [
        ("value-in-key-name", 3, None), ("value-in-key-name", 4, None),
    ]  # fmt: skip
    assert "hunter2" not in str(found)


def kinds_of(folder: Path, name: str) -> list[Finding]:
    tree = WorkTree(Repository(folder, folder, folder, "sha1"))
    return list(check_kind(name, tree.entry(name)))


class TestKinds:
    def test_a_regular_file_is_none_and_an_executable_one_is_odd(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch(mode=0o644)
        assert list(kinds_of(tmp_path, "a")) == []
        for mode in (0o744, 0o654, 0o645):
            (tmp_path / "a").chmod(mode)
            assert [one.check for one in kinds_of(tmp_path, "a")] == ["file-mode"]

    def test_everything_else_is_named_by_its_kind(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("nowhere")
        messages = set()
        for name in ("fifo", "folder", "link"):
            (finding,) = kinds_of(tmp_path, name)
            assert (finding.check, finding.severity) == ("file-kind", "error")
            messages.add(finding.message)
        assert len(messages) == 3

    def test_a_file_that_is_gone_is_the_readers_matter(self, tmp_path: Path) -> None:
        assert list(kinds_of(tmp_path, "gone")) == []


SECRET = b"kind: Secret\ndata:\n  a: b\n"


@pytest.mark.parametrize(
    ("file", "content", "check"),
    [
        ("a.yaml", SECRET, "plaintext-secret"),
        ("a.txt", SECRET, "plaintext-secret"),
        ("a.txt", b"kind: Secret\nmetadata: {}\n", "not-a-secret-file"),
        ("a.txt", b"kind: ConfigMap\ndata:\n  a: b\n", "not-a-secret-file"),
        ("a.p12", b'{\n"mac": "ENC[x"\n}', "unread-format"),
        ("a.env", b'{\n"mac": "ENC[x"\n}', "unread-format"),
        ("a.json", b"sops_mac=ENC[x\n", "unread-format"),
        ("a.json", b"    mac: ENC[x\n", "unread-format"),
        ("a.ini", b"mac = ENC[x\n", "unread-format"),
        ("a.json", b"{}", "not-a-secret-file"),
        ("a.yaml", b"mac: ENC[x\n", "not-sops"),
        ("a.yaml", b"", "not-a-secret-file"),
        ("a.yml", b"a: b\n", "not-sops"),
        ("a", b"", "not-a-secret-file"),
    ],
)
def test_a_stranger_is_called_what_it_is(file: str, content: bytes, check: str) -> None:
    assert [one.check for one in check_stranger(file, content)] == [check]


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("a/README.md", b"hello\n", []),
        ("a/README.md", SECRET, [("plaintext-secret", "error")]),
        ("a/.sops.yaml", b"creation_rules: []\n", []),
        (".sops.yaml", b"creation_rules: []\n", []),
        ("a/k.yaml", b"secretGenerator:\n  - literals:\n    - a=b\n", [("plaintext-secret", "warning")]),
        ("a/k.yaml", b"secretGenerator:\n  - files:\n    - a\n", []),
        ("a/k.yaml", b"configMapGenerator:\n  - literals:\n    - a=b\n", []),
    ],
)  # fmt: skip
def test_a_readable_file_makes_no_secret(
    file: str, content: bytes, expected: list[str | tuple[str, str]]
) -> None:
    found = short(check_plain(file, content))
    assert [
        one if isinstance(want, tuple) else one[0]
        for one, want in zip(found, expected, strict=True)
    ] == expected


class TestIdentities:
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())

    def look(
        self,
        content: str,
        *,
        allowed: set[str] | None = None,
        used: set[str] | None = None,
        inside: bool = False,
    ) -> list[tuple[int | None, str]]:
        found = check_identities(
            "x", content.encode(), allowed=frozenset(allowed or ()),
            used=frozenset(used or ()), inside=inside,
        )  # fmt: skip
        return [(one.line, str(one.severity)) for one in found]

    def test_it_weighs_more_where_it_is_used_or_among_the_secrets(self) -> None:
        text = f"a\nb\n{self.identity}\n"
        assert self.look(text) == [(3, "warning")]
        assert self.look(text, inside=True) == [(3, "error")]
        assert self.look(text, used={self.recipient}) == [(3, "error")]
        assert self.look(text, allowed={self.recipient}, used={self.recipient}, inside=True) == []

    def test_a_placeholder_is_none_outside_and_an_error_inside(self) -> None:
        text = "AGE-SECRET-KEY-1" + "Q" * 58
        assert self.look(text) == []
        assert self.look(text, inside=True) == [(1, "error")]
        quantum = "AGE-SECRET-KEY-PQ-1" + "Q" * 58
        assert self.look(quantum) == [(1, "warning")]

    def test_every_one_of_several_is_found(self) -> None:
        other = pyrage.x25519.Identity.generate()
        assert self.look(f"{self.identity}\n{other}\n", allowed={self.recipient}) == [
            (2, "warning")
        ]
