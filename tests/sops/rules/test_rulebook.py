"""Which of several rules files decides a file."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from plana_secrets.errors import FailedError, MalformedError, UsageError
from plana_secrets.sops.rules.rulebook import RuleBook

AGE = "age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw"
EVERY = f"creation_rules:\n  - age: {AGE}\n".encode()


def book(files: dict[str, bytes | FailedError]) -> RuleBook:
    def read(names: Iterable[str]) -> dict[str, bytes | FailedError]:
        asked.extend(names)
        return {name: files[name] for name in names if name in files}

    asked: list[str] = []
    made = RuleBook(read)
    made.asked = asked  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("file", "decides"),
    [
        ("a.yaml", ".sops.yaml"),
        ("clusters/a.yaml", ".sops.yaml"),
        ("clusters/prod/a.yaml", "clusters/prod/.sops.yaml"),
        ("clusters/prod/apps/web/a.yaml", "clusters/prod/.sops.yaml"),
        ("clusters/production/a.yaml", ".sops.yaml"),
        ("stores/a.yaml", ".sops.yaml"),
        ("broken/a.yaml", "broken/.sops.yaml"),
        ("link/a.yaml", "link/.sops.yaml"),
    ],
)
def test_the_nearest_file_with_rules_decides(file: str, decides: str) -> None:
    found = book(
        {
            ".sops.yaml": EVERY,
            "clusters/prod/.sops.yaml": EVERY,
            "stores/.sops.yaml": b"stores: {yaml: {indent: 2}}\n",
            "broken/.sops.yaml": b"creation_rules: [\n",
            "link/.sops.yaml": FailedError("a link", kind="symlink"),
        }
    ).rules_for(file)
    assert found is not None
    assert found.file == decides


def test_patterns_begin_at_the_folder_of_the_rules_file() -> None:
    rules = book(
        {"a/b/.sops.yaml": f"creation_rules: [{{path_regex: ^x/, age: {AGE}}}]\n".encode()}
    )
    assert rules.rule_for("a/b/x/f.yaml") is not None
    assert rules.rule_for("a/b/y/x/f.yaml") is None
    assert rules.rule_for("x/f.yaml") is None


def test_rules_that_cannot_be_read_stop_a_write_and_name_their_file() -> None:
    rules = book({".sops.yaml": EVERY, "a/.sops.yaml": FailedError("x", kind="symlink")})
    with pytest.raises(MalformedError, match=r"a/\.sops\.yaml: a symlink"):
        rules.rules_for("a/f.yaml").usable_rule_for("a/f.yaml")  # type: ignore[union-attr]
    rules = book({"a/.sops.yaml": f"creation_rules: [{{path_regex: ^x, age: {AGE}}}]\n".encode()})
    with pytest.raises(UsageError, match=r"no creation rule for a/f.yaml in a/\.sops\.yaml"):
        rules.rules_for("a/f.yaml").usable_rule_for("a/f.yaml")  # type: ignore[union-attr]


def test_every_folder_is_asked_for_once_and_many_at_once() -> None:
    rules = book({"a/.sops.yaml": EVERY})
    rules.prepare(["a/b/f.yaml", "a/b/g.yaml", "c/h.yaml"])
    rules.rule_for("a/b/f.yaml")
    assert sorted(rules.asked) == [".sops.yaml", "a/.sops.yaml", "a/b/.sops.yaml", "c/.sops.yaml"]  # type: ignore[attr-defined]
    assert [one.file for one in rules.known] == ["a/.sops.yaml"]
