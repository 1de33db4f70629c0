"""Comparing versions of a file and of the rules: by name, and as far as the key allows."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from plana_secrets.document.compare import compare_file
from plana_secrets.document.comparerules import compare_rules
from plana_secrets.secretfiles.versions import Span, compare_versions, parse_span
from plana_secrets.sops.rules.rulesfile import parse_rules
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE, make_workspace
from tests.world import World


def rules(text: str, *recipients: str) -> str:
    return text.replace("R", ",".join(recipients))


ONE = str(pyrage.x25519.Identity.generate().to_public())
TWO = str(pyrage.x25519.Identity.generate().to_public())


def test_rules_are_known_by_their_pattern() -> None:
    template = "creation_rules:\n  - path_regex: a\n    age: R\n  - age: R\n"
    before = parse_rules(rules(template, ONE).encode())
    after = parse_rules(
        f"creation_rules:\n  - path_regex: a\n    age: {ONE},{TWO}\n  - path_regex: b\n"
        f"    age: {TWO}\n  - age: {ONE}\n    encrypted_regex: ^data$\n".encode()
    )
    found = {one.rule: one for one in compare_rules(before, after)}
    assert found["a"].recipients.added == (TWO,)
    assert found["a"].change == "changed"
    assert found["b"].change == "added"
    assert found["*"].selector == ("everything", "encrypted_regex ^data$")
    assert compare_rules(before, before) == ()
    assert [one.change for one in compare_rules(after, before)].count("removed") == 1


def test_a_file_that_nobody_had_is_not_different() -> None:
    assert compare_file("a", None, None).paths == ()


class TestVersions:
    def names(self, world: World, span: Span) -> dict[str, str]:
        return {one.file: one.change for one in compare_versions(make_workspace(world), span).files}

    def test_removed_moved_and_untouched_files(self, files_world: World) -> None:
        moved = "infra/secrets/prod/moved.yaml"
        (files_world.repo / "infra/secrets/prod").mkdir()
        (files_world.repo / PLAIN_FILE).rename(files_world.repo / moved)
        head = files_world.git("rev-parse", "HEAD").strip()
        assert self.names(files_world, Span(head, None)) == {PLAIN_FILE: "removed", moved: "added"}

    def test_many_files_are_read_in_portions(
        self, files_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("plana_secrets.secretfiles.versions._BATCH", 2)
        base = files_world.git("rev-parse", "HEAD").strip()
        content = (files_world.repo / PLAIN_FILE).read_bytes()
        for number in range(5):
            (files_world.repo / f"infra/secrets/dev/n{number}.yaml").write_bytes(content)
        new = files_world.commit("more")
        assert len(self.names(files_world, Span(base, new))) == 5

    def test_two_dots_and_three_dots(self, files_world: World) -> None:
        repository = make_workspace(files_world).repository
        base = repository.head()
        files_world.git("checkout", "-q", "-b", "side")
        files_world.git("commit", "-q", "--allow-empty", "-m", "s")
        side = repository.head()
        files_world.git("checkout", "-q", "main")
        files_world.git("commit", "-q", "--allow-empty", "-m", "m")
        assert parse_span(repository, "main...side") == Span(base, side)
        assert parse_span(repository, "main..side") == Span(repository.resolve("main"), side)
        assert parse_span(repository, "side") == Span(side, None)
        assert parse_span(repository, "side..") == Span(side, repository.head())

    def test_everything_is_new_in_a_repository_without_a_commit(self, world: World) -> None:
        world.encrypt(PLAIN_FILE, "a: b\n")
        workspace = make_workspace(world)
        difference = compare_versions(workspace, parse_span(workspace.repository, None))
        assert [one.change for one in difference.files] == ["added"]
        assert all(rule.change == "added" for rule in difference.rules)

    def test_a_symlink_in_place_of_a_file_is_a_problem(self, files_world: World) -> None:
        path = files_world.repo / SECRET_FILE
        path.rename(path.with_name("x"))
        path.symlink_to("x")
        head = files_world.git("rev-parse", "HEAD").strip()
        difference = compare_versions(make_workspace(files_world), Span(head, None))
        found = {one.file: one for one in difference.files}
        assert "symlink" in found[SECRET_FILE].problems[0]

    def test_a_type_alone_is_a_change(self, files_world: World) -> None:
        base = files_world.git("rev-parse", "HEAD").strip()
        Path(files_world.repo / PLAIN_FILE).unlink()
        files_world.encrypt(PLAIN_FILE, 'port: "5432"\n')
        difference = compare_versions(make_workspace(files_world), Span(base, None))
        changes = {one.path: one.change for one in difference.files[0].paths}
        assert changes["port"] == "changed"
