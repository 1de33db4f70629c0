"""Keysets as ``verify`` sees them: their targets, their age, their files."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.verify.inprocess import NO_IDENTITY, checks, of_check, verify
from tests.verify.rotated import CALLER, CONFIGURATION, KEYSET, PROVIDER
from tests.world import World


def test_targets_that_equal_their_keyset_are_no_finding(rotated: World) -> None:
    assert checks(verify(rotated)) == []


@pytest.mark.parametrize("file", [CALLER, PROVIDER])
def test_a_target_that_somebody_changed_is_named(rotated: World, file: str) -> None:
    target = rotated.repo / file
    before = target.read_text()
    path = "key" if file == CALLER else "accepted"
    value = '"changed"' if file == CALLER else '"[]"'
    rotated.sops("set", file, f'["{path}"]', value)
    try:
        report = verify(rotated)
    finally:
        target.write_text(before)
    assert checks(report) == [("target-differs", file, path)]
    assert of_check(report, "target-differs")[0].keyset == "app"


def test_a_target_in_an_immutable_secret_is_an_error_without_a_key(rotated: World) -> None:
    target = rotated.repo / CALLER
    before = target.read_text()
    content = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: x\nimmutable: true\nstringData:\n    key: x\n"
    manifest = rotated.encrypt("infra/secrets/prod/caller.secret.yaml", content)
    target.write_text(manifest.read_text())
    manifest.unlink()
    try:
        report = verify(rotated, identities=NO_IDENTITY)
    finally:
        target.write_text(before)
    assert ("target-immutable", CALLER, "immutable") in checks(report)


def test_a_target_that_kubernetes_does_not_take_is_an_error_without_a_key(rotated: World) -> None:
    target, settings = rotated.repo / CALLER, rotated.repo / "plana-secrets.toml"
    before = {path: path.read_text() for path in (target, settings)}
    content = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: x\ndata:\n    key: aGk=\nstringData:\n    key: x\n"
    manifest = rotated.encrypt("infra/secrets/prod/caller.secret.yaml", content)
    target.write_text(manifest.read_text())
    manifest.unlink()
    settings.write_text(CONFIGURATION.replace(f"{CALLER}#key", f"{CALLER}#data.key"))
    try:
        report = verify(rotated, identities=NO_IDENTITY)
    finally:
        for path, text in before.items():
            path.write_text(text)
    found = of_check(report, "manifest-data")
    assert [(one.severity, one.path) for one in found] == [("error", "stringData.key")]


def test_a_list_that_is_none_and_a_file_that_is_gone_are_named(rotated: World) -> None:
    target = rotated.repo / PROVIDER
    before = target.read_text()
    rotated.sops("set", PROVIDER, '["accepted"]', '"no list"')
    try:
        assert [one[0] for one in checks(verify(rotated))] == ["target-differs"]
        target.write_text(before.replace("sops:", "<<<<<<< ours\nsops:"))
        assert [one.file for one in of_check(verify(rotated), "target-differs")] == [PROVIDER]
        target.unlink()
        assert [one[:2] for one in checks(verify(rotated))] == [("target-differs", KEYSET)]
    finally:
        target.write_text(before)


@pytest.mark.parametrize("rules", ["creation_rules: []\n", None])
def test_a_target_that_no_rule_is_for_is_compared_all_the_same(
    rotated: World, rules: str | None
) -> None:
    """What services read is in the file; verify goes on, and names what lacks a rule."""
    file = rotated.repo / ".sops.yaml"
    before = file.read_text()
    file.unlink() if rules is None else file.write_text(rules)
    try:
        found = {one[0] for one in checks(verify(rotated))}
    finally:
        file.write_text(before)
    assert found
    assert "target-differs" not in found


def test_an_entry_that_no_keyset_owns_is_a_note(rotated: World) -> None:
    target = rotated.repo / PROVIDER
    before = target.read_text()
    listed = rotated.run("get", PROVIDER, "accepted").stdout
    more = listed.replace("[{", '[{"id":"other","value":"x"},{', 1)
    rotated.sops("set", PROVIDER, '["accepted"]', _quoted(more))
    try:
        report = verify(rotated)
    finally:
        target.write_text(before)
    (note,) = of_check(report, "target-foreign")
    assert (note.severity, note.path) == ("note", "accepted")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


@pytest.mark.parametrize(("days", "severity"), [(99, None), (101, "warning"), (126, "error")])
def test_an_old_key_is_a_warning_and_past_125_percent_an_error(
    rotated: World, days: int, severity: str | None
) -> None:
    report = verify(rotated, now=datetime.now(UTC) + timedelta(days=days))
    findings = of_check(report, "rotation-overdue")
    assert [one.severity for one in findings] == ([severity] if severity else [])
    assert {(one.file, one.keyset) for one in findings} <= {(KEYSET, "app")}


def test_the_age_is_seen_without_an_identity(rotated: World) -> None:
    late = datetime.now(UTC) + timedelta(days=126)
    report = verify(rotated, now=late, identities=NO_IDENTITY)
    assert [one[0] for one in checks(report)] == ["rotation-overdue"]


def test_a_caller_that_was_taken_out_of_the_settings_is_named_while_it_holds_a_key(
    rotated: World,
) -> None:
    configuration = rotated.repo / "plana-secrets.toml"
    configuration.write_text(re.sub("callers.*", "", CONFIGURATION))
    try:
        report = verify(rotated)
        target = rotated.repo / CALLER
        before = target.read_text()
        rotated.sops("set", CALLER, '["key"]', '"another"')
        without = verify(rotated)
        target.write_text(before)
    finally:
        configuration.write_text(CONFIGURATION)
    assert checks(report) == [("reader-removed", CALLER, "key")]
    assert checks(without) == []


def test_a_value_that_is_none_of_its_kind_is_named_with_the_identity(rotated: World) -> None:
    target = rotated.repo / KEYSET
    before = target.read_text()
    plain = rotated.decrypt(KEYSET)
    rotated.encrypt(KEYSET, re.sub(r"value: \S+", r'value: "two\\nlines"', plain))
    try:
        report, keyless = verify(rotated), verify(rotated, identities=NO_IDENTITY)
    finally:
        target.write_text(before)
    (finding,) = of_check(report, "keyset-schema")
    assert finding.path is not None
    assert finding.path.endswith(".value")
    assert of_check(keyless, "keyset-schema") == []
