"""The laws of a merge, for what a real git makes of generated documents with the driver."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from plana_secrets.document.edits import content_of
from plana_secrets.document.emit import emit_yaml
from plana_secrets.document.merge import units_of
from plana_secrets.secretfiles.open import open_bytes
from tests.document.test_merge import Tree, merge, trees
from tests.document.test_merge import content_of as content_of_tree
from tests.merging.teams import FILE, use_driver
from tests.secretfiles.conftest import make_workspace
from tests.world import DEFAULT_RULES, World

SENTINEL = "S3NTINEL"


def marked(tree: Tree) -> Tree:
    """The same tree, with texts that are found wherever they leak."""
    if isinstance(tree, dict):
        return {key: marked(below) for key, below in tree.items()}
    return [marked(one) for one in tree] if isinstance(tree, list) else f"{SENTINEL}{tree}"


def check_nowhere(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if path.parent.parent.name == "objects":
                data = zlib.decompress(data)
            assert SENTINEL.encode() not in data, path


class Team:
    """A repository with one file, for two people."""

    def __init__(self, world: World) -> None:
        self.world, self.other = world, pyrage.x25519.Identity.generate()
        world.others = [self.other]
        world.write_rules(DEFAULT_RULES)
        use_driver(world)
        self.workspace = make_workspace(world)
        self.file = world.repo / FILE

    def commit(self, tree: Tree, *, is_new: bool = False) -> None:
        self.write(tree, is_new=is_new)
        self.world.commit()

    def write(self, tree: Tree, *, is_new: bool = False) -> None:
        """As an editor leaves it: under the same data key."""
        content = content_of_tree(tree)
        plain = emit_yaml(content.items, content.values)
        if is_new:
            self.world.encrypt(FILE, plain.reveal_text())
            return
        identities = self.workspace.identities
        self.file.write_bytes(
            self.workspace.sops.rewrite(self.file.read_bytes(), plain, identities=identities)
        )

    def merge(self, operation: str, base: Tree, ours: Tree, theirs: Tree) -> None:
        """``ours`` is checked out, and what leads from ``base`` to ``theirs`` merged into it."""
        git = self.world.git
        if operation == "revert":
            self.commit(theirs, is_new=True)
            self.commit(base)
            self.commit(ours)
            command = ["revert", "--no-edit", "HEAD~1"]
        elif operation == "stash":
            self.commit(base, is_new=True)
            self.write(theirs)
            git("stash", "-q")
            self.commit(ours)
            command = ["stash", "pop", "-q"]
        else:
            self.commit(base, is_new=True)
            git("switch", "-q", "-C", "theirs")
            self.commit(theirs)
            git("switch", "-q", "main")
            self.commit(ours)
            command = [operation, "theirs"]
            if operation == "merge":
                command = ["merge", "-q", "-m", "merged", "theirs"]
            elif operation == "rebase":
                git("switch", "-q", "theirs")
                command = ["rebase", "-q", "main"]
        self.ours = git("show", f"main:{FILE}").encode()
        self.world.command("git", *command, check=False)

    def units(self) -> dict[Any, Any]:
        """As the other of the two reads it."""
        self.world.key_file.write_text(f"{self.other}\n")
        theirs = make_workspace(self.world).identities
        self.world.key_file.write_text(f"{self.world.identity}\n")
        return units_of(content_of(open_bytes(self.file.read_bytes(), FILE, theirs)))

    def clean_up(self) -> None:
        for name in ("merge", "rebase", "cherry-pick", "revert"):
            self.world.command("git", name, "--abort", check=False)
        self.world.git("stash", "clear")
        self.world.git("switch", "-q", "-f", "main")


@pytest.mark.long
@settings(max_examples=5, phases=[Phase.generate])
@given(
    base=trees,
    ours=trees,
    theirs=trees,
    operation=st.sampled_from(["merge", "rebase", "cherry-pick", "stash", "revert"]),
)
def test_laws_hold_for_what_git_merges(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    base: Tree,
    ours: Tree,
    theirs: Tree,
    operation: str,
) -> None:
    assume(base != ours and ours != theirs and theirs != base)
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    three = [{**marked(tree), "last": f"{SENTINEL}9"} for tree in (base, ours, theirs)]
    expected = merge(*three).content
    team = Team(world)
    team.merge(operation, *three)
    is_open = bool(world.git("ls-files", "--unmerged"))
    assert is_open == (expected is None)
    if expected is not None:
        assert team.units() == units_of(expected)
    else:
        assert team.file.read_bytes() == team.ours
        assert world.run("resolve", "--all", "--theirs").status == 0
        assert not world.git("ls-files", "--unmerged")
        team.units()
    check_nowhere(world.folder)
    team.clean_up()
