"""Three versions of a file in, one out: by the real sops, without git."""

from __future__ import annotations

from typing import Any

import pyrage
import pytest
from hypothesis import Phase, given, settings

from plana_secrets.document.edits import content_of
from plana_secrets.document.emit import emit_yaml
from plana_secrets.document.merge import unit_of, units_of
from plana_secrets.errors import CredentialError, MalformedError, UsageError
from plana_secrets.merging.driver import Outcome, merge_versions
from plana_secrets.merging.reasons import Reason
from plana_secrets.merging.versions import Versions
from plana_secrets.secretfiles.open import open_bytes
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import describe
from tests.document.test_merge import Tree, leaves, merge, trees
from tests.document.test_merge import content_of as content_of_tree
from tests.merging.conftest import Rewrite
from tests.merging.teams import FILE, TEXT, ciphertexts
from tests.world import DEFAULT_RULES, World


def merged(
    workspace: Workspace, base: bytes | None, ours: bytes, theirs: bytes, file: str = FILE
) -> Outcome:
    def never(_value: object) -> bool:
        return False

    versions = Versions(base, ours, theirs)
    return merge_versions(workspace, file, versions, is_revoked=never, environment={})


def content(workspace: Workspace, data: bytes | None, file: str = FILE) -> dict[Any, Any]:
    assert data is not None
    return leaves(content_of(open_bytes(data, file, workspace.identities)))


def original(world: World, file: str = FILE) -> bytes:
    return (world.repo / file).read_bytes()


def test_only_what_theirs_changed_differs_from_ours_in_bytes(
    team: World, workspace: Workspace, rewrite: Rewrite
) -> None:
    base = original(team)
    ours = rewrite(base, TEXT.replace("app", "ours") + "more: 1\n")
    theirs = rewrite(base, TEXT.replace("old-password", "theirs").replace("- one\n", ""))
    result = merged(workspace, base, ours, theirs).content
    assert result is not None
    before, after = ciphertexts(ours), ciphertexts(result)
    changed = {("db", "password"), ("hosts", 0), ("hosts", 1)}
    assert {path for path in {*before, *after} if before.get(path) != after.get(path)} <= changed
    assert content(workspace, result) == {
        ("db", "user"): b"ours", ("db", "password"): b"theirs", ("port",): b"5432",
        ("hosts", 0): b"two", ("more",): b"1",
    }  # fmt: skip


@pytest.mark.parametrize("broken", ["base", "ours", "theirs"])
def test_every_mac_is_checked_before_anything_is_merged(
    team: World, workspace: Workspace, broken: str
) -> None:
    sides = {name: original(team) for name in ("base", "ours", "theirs")}
    sides[broken] = sides[broken].replace(b"port: ENC", b"# gone: ENC")
    with pytest.raises(MalformedError) as caught:
        merged(workspace, sides["base"], sides["ours"], sides["theirs"])
    assert {"base": "base", "ours": "our side", "theirs": "their side"}[
        broken
    ] in caught.value.message


def test_line_ends_of_windows_are_no_reason_to_lose_a_side(
    team: World, workspace: Workspace, rewrite: Rewrite
) -> None:
    base = original(team)
    theirs = rewrite(base, TEXT.replace("old-password", "theirs")).replace(b"\n", b"\r\n")
    result = merged(workspace, base, rewrite(base, TEXT.replace("app", "ours")), theirs).content
    assert result is not None
    assert b"\r" not in result
    values = content(workspace, result)
    assert (values["db", "user"], values["db", "password"]) == (b"ours", b"theirs")


def test_without_an_identity_it_is_refused(team: World, workspace: Workspace) -> None:
    team.key_file.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    with pytest.raises(CredentialError) as caught:
        merged(workspace, *[original(team)] * 3)
    assert caught.value.kind == "no-identity-fits"


def test_a_reader_of_one_side_can_read_the_merge_and_one_who_left_cannot(
    team: World, workspace: Workspace, rewrite: Rewrite
) -> None:
    """Theirs let one in and one go, by sops alone; ours changed a value meanwhile."""
    leaver, newcomer = (pyrage.x25519.Identity.generate() for _ in range(2))
    team.others = [leaver]
    team.write_rules(DEFAULT_RULES)
    team.encrypt(FILE, TEXT)
    base = original(team)
    ours = rewrite(base, TEXT.replace("app", "ours"))
    team.others = [newcomer]
    team.write_rules(DEFAULT_RULES)
    team.sops("updatekeys", "-y", FILE)
    theirs = original(team)
    fresh = Workspace.under_rules(workspace, (team.repo / ".sops.yaml").read_bytes())
    result = merged(fresh, base, ours, theirs).content
    assert result is not None
    opened = open_bytes(result, FILE, workspace.identities)
    assert opened.data_key != open_bytes(theirs, FILE, workspace.identities).data_key
    metadata = opened.structure.metadata
    assert metadata is not None
    names = {one.recipient for one in metadata.recipients}
    assert names == {str(one.to_public()) for one in (team.identity, newcomer)}
    assert content(workspace, result)["db", "user"] == b"ours"


def test_a_wider_merge_is_a_conflict(team: World, workspace: Workspace) -> None:
    base = original(team)
    rules = (team.repo / ".sops.yaml").read_bytes()
    team.others = [pyrage.x25519.Identity.generate()]
    team.write_rules(DEFAULT_RULES)
    team.sops("updatekeys", "-y", FILE)
    outcome = merged(workspace.under_rules(rules), base, base, original(team))
    assert outcome.content is None
    assert [one.reason for one in outcome.conflicts] == [Reason.RECIPIENTS]


def test_json_is_merged_too_and_encrypted_again(team: World, workspace: Workspace) -> None:
    file = "infra/secrets/dev/app.json"
    team.write_rules(
        DEFAULT_RULES + "    - path_regex: ^infra/secrets/.*\\.json$\n      age: {recipients}\n"
    )

    def encrypted(text: str) -> bytes:
        done = team.sops("encrypt", "--filename-override", file, stdin=text.encode())
        return done.stdout.encode()

    sides = [
        encrypted(text)
        for text in ('{"a": "1", "b": 1}', '{"a": "2", "b": 1}', '{"a": "1", "b": 2, "c": [true]}')
    ]
    result = merged(workspace, *sides, file=file).content
    assert content(workspace, result, file) == {
        ("a",): b"2", ("b",): b"2", ("c", 0): b"True",
    }  # fmt: skip


def test_a_format_that_is_not_read_is_refused(team: World, workspace: Workspace) -> None:
    with pytest.raises(UsageError) as caught:
        merged(workspace, b"x", b"y", b"z", file="infra/secrets/dev/x.ini")
    assert caught.value.kind == "not-yaml-name"


def check_laws(
    team: World, workspace: Workspace, rewrite: Rewrite, base: Tree, ours: Tree, theirs: Tree
) -> None:
    texts = [{**tree, "last": "1"} for tree in (base, ours, theirs)]
    plain = [content_of_tree(tree) for tree in texts]
    yaml = [emit_yaml(one.items, one.values).reveal_text() for one in plain]
    start = team.encrypt(FILE, yaml[0]).read_bytes()
    here, there = rewrite(start, yaml[1]), rewrite(start, yaml[2])
    one, other = merged(workspace, start, here, there), merged(workspace, start, there, here)
    expected = merge(*texts).content
    assert (one.content is None) == (other.content is None) == (expected is None)
    if one.content is None or other.content is None or expected is None:
        return
    opened = [open_bytes(each, FILE, workspace.identities) for each in (one.content, other.content)]
    for each in opened:
        assert units_of(content_of(each)) == units_of(expected)
    assert describe(content_of(opened[0]))[1] == describe(content_of(opened[1]))[1]
    before, after = ciphertexts(here), ciphertexts(one.content)
    units = units_of(plain[1]), units_of(expected)
    for path in before:
        unit = unit_of(path)
        if units[0].get(unit) == units[1].get(unit):
            # of equal entries of one list, which have the same place, sops may write one twice
            assert after[path] in [one for other, one in before.items() if unit_of(other) == unit]


@settings(max_examples=3, phases=[Phase.generate])
@given(base=trees, ours=trees, theirs=trees)
def test_laws_hold_for_files_of_sops(
    team: World, workspace: Workspace, rewrite: Rewrite, base: Tree, ours: Tree, theirs: Tree
) -> None:
    check_laws(team, workspace, rewrite, base, ours, theirs)


@pytest.mark.long
@settings(max_examples=20, phases=[Phase.generate])
@given(base=trees, ours=trees, theirs=trees)
def test_laws_hold_for_many_files_of_sops(
    team: World, workspace: Workspace, rewrite: Rewrite, base: Tree, ours: Tree, theirs: Tree
) -> None:
    check_laws(team, workspace, rewrite, base, ours, theirs)
