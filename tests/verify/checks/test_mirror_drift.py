"""Drift of the mirror as findings: one a leaf, and how much each kind weighs. Pure."""

from __future__ import annotations

import pytest

from plana_secrets.mirror.drift import Drift, DriftKind
from plana_secrets.verify.checks.mirror import check_drift, check_unmapped

FILE = "infra/secrets/a.yaml"


@pytest.mark.parametrize("kind", list(DriftKind))
def test_only_what_nobody_changed_weighs_less(kind: DriftKind) -> None:
    (finding,) = check_drift([Drift(kind, FILE, "a")])
    milder = {DriftKind.UNSUPPORTED, DriftKind.UNKNOWN}
    assert finding.check == "mirror-drift"
    assert finding.severity == ("warning" if kind in milder else "error")
    assert finding.message.startswith(f"{kind.value}: ")
    assert (finding.file, finding.path) == (FILE, None)


def test_every_leaf_is_a_finding_of_its_own() -> None:
    drift = [
        Drift(DriftKind.STALE, FILE, "a", ("x", "y")),
        Drift(DriftKind.MISSING, FILE, "a"),
        Drift(DriftKind.HAND_EDITED, "b", "b", (".title",)),
    ]
    assert [(one.file, one.path) for one in check_drift(drift)] == [
        (FILE, "x"), (FILE, "y"), (FILE, None), ("b", ".title"),
    ]  # fmt: skip
    assert list(check_drift([])) == []


def test_an_item_of_no_file_is_called_by_its_title_and_a_reason_is_told() -> None:
    (unreadable,) = check_drift([Drift(DriftKind.UNDECRYPTABLE, None, "the safe")])
    assert unreadable.message.endswith(": the safe")
    (named,) = check_drift([Drift(DriftKind.MISSING, FILE, "the safe")])
    assert "the safe" not in named.message
    (large,) = check_drift([Drift(DriftKind.UNSUPPORTED, FILE, "a", ("x",), "too long")])
    assert large.message.endswith(": too long")


def test_a_file_without_a_place_is_a_warning_by_name() -> None:
    (finding,) = check_unmapped([FILE], "vaultwarden")
    assert (finding.file, finding.severity) == (FILE, "warning")
    assert finding.message.startswith("unmapped: ")
    assert "the mirror vaultwarden" in finding.message
