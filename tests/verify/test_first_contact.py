"""The first run in a repository that people used with sops alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from plana_secrets.verify.accepts import propose_accepts
from plana_secrets.verify.catalogue import CHECKS
from plana_secrets.verify.check import Level
from plana_secrets.verify.report.summary import summary
from tests.verify.inprocess import checks, verify
from tests.world import World

ALL_TYPES = """\
# who looks after this: the platform group
database:
    user: admin          # not the owner
    password: pa55
    port: 5432
    ratio: 1.5
    tls: true
    rotated: 2026-01-02T03:04:05Z
    certificate: |
        -----BEGIN-----
        abc
        -----END-----
    empty: ""
    nothing: null
    "quoted.key": x
    path/with/slash: y
list:
    - one
    - 2
    - nested: deep
      more: [a, b]
none: []
"on": switched
unicode: "\u00e4\u20ac"
"""
MANIFEST = """\
# sealed for the cluster
apiVersion: v1
kind: Secret
metadata:
    creationTimestamp: null
    name: app
    namespace: prod
    labels:
        app.kubernetes.io/name: app
        "on": "yes"
        empty: ""
    annotations:
        example.com/owner: "platform"
type: Opaque
immutable: true
stringData:
    PASSWORD: pa55
    EMPTY: ""
data:
    TOKEN: aGVsbG8=
"""


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> World:
    """80 files that people made by hand with sops, half of them with another release."""
    world = World(tmp_path_factory.mktemp("used"))
    newest = os.environ.get("PLANA_TEST_SOPS_NEWEST")

    def make(number: int) -> None:
        is_manifest = number % 3 == 0
        suffix = "secret.yaml" if is_manifest else "yaml"
        file = f"infra/secrets/prod/app{number:02}.{suffix}"
        if newest and number % 2:
            plain = MANIFEST if is_manifest else ALL_TYPES
            done = world.command(
                newest, "encrypt", "--filename-override", file, "--input-type", "yaml",
                "--output-type", "yaml", stdin=plain.encode(),
            )  # fmt: skip
            (world.repo / file).write_text(done.stdout)
        else:
            world.encrypt(file, MANIFEST if is_manifest else ALL_TYPES)

    (world.repo / "infra/secrets/prod").mkdir(parents=True)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(80)))
    world.sops("set", "infra/secrets/prod/app01.yaml", '["database"]["password"]', '"new"')
    world.commit()
    return world


@pytest.mark.long
def test_the_first_run_in_a_used_repository_has_no_error(used: World) -> None:
    report = verify(used)
    assert [one for one in report.findings if one.severity == "error"] == []
    assert (report.files, report.checked, report.complete) == (80, 80, True)
    assert report.level is Level.L3
    assert summary(report).startswith("80 files, L3, 0 errors, ")
    assert summary(report).endswith("; next: plana-secrets verify --propose-accepts")


def test_accepting_what_is_proposed_leaves_nothing_and_a_planted_plaintext_is_one_error(
    used: World,
) -> None:
    configuration = used.repo / "plana-secrets.toml"
    proposed = propose_accepts(verify(used).findings, today=datetime.now(UTC).date())
    configuration.write_text(proposed)
    try:
        quiet = verify(used)
        assert checks(quiet) == []
        assert quiet.suppressed > 80
        target = used.repo / "infra/secrets/prod/app01.yaml"
        good = target.read_text()
        target.write_text(good.replace("\nsops:\n", "\nplanted: hunter2\nsops:\n"))
        try:
            planted = verify(used)
        finally:
            target.write_text(good)
    finally:
        configuration.unlink()
    assert checks(planted) == [
        ("not-encrypted", "infra/secrets/prod/app01.yaml", "planted"),
    ]
    assert planted.exit_code() == 1


def test_several_workers_find_the_same_as_one(used: World) -> None:
    one, two = verify(used, workers=1), verify(used, workers=2)
    assert (one.findings, one.file_levels) == (two.findings, two.file_levels)


def test_every_finding_is_of_a_check_that_is_explained(used: World) -> None:
    assert {one.check for one in verify(used).findings} <= CHECKS.keys()
