"""Running ``verify`` in this process on a world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plana_secrets.age.identities import Identities, parse_identity_file
from plana_secrets.config import load_settings
from plana_secrets.git.repository import Repository
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.report import Report
from plana_secrets.verify.run import Demand, verify_files
from tests.world import World

NO_IDENTITY = Identities(())
APP = "infra/secrets/dev/app.yaml"
"""The file of the fixture ``small``."""
PLAIN_SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  a: aGk=\n"


def workspace_of(world: World, identities: Identities | None = None) -> Workspace:
    """The workspace of a world, with its identity unless others are given."""
    held = identities
    if held is None:
        held = parse_identity_file(Secret(world.key_file.read_bytes()), "the test")
    return Workspace(
        repository=Repository.open(world.repo),
        settings=load_settings(world.repo).files,
        find_identities=lambda: held,
        find_sops=_no_sops,
    )


def _no_sops() -> Any:
    raise AssertionError("verify must not need sops")


def verify(
    world: World,
    *files: str,
    identities: Identities | None = None,
    now: datetime | None = None,
    workers: int | None = None,
    **demand: Any,
) -> Report:
    """Verify the world by its configuration."""
    settings = load_settings(world.repo)
    whole = Demand(settings.policy, settings.keysets, files or None)
    return verify_files(
        work_tree(workspace_of(world, identities)),
        replace(whole, **demand),
        now=now or datetime.now(UTC),
        workers=workers,
    )


def checks(report: Report) -> list[tuple[str, str | None, str | None]]:
    """Check, file and path of what was found, notes left out."""
    return [(one.check, one.file, one.path) for one in report.findings if one.severity != "note"]


def of_check(report: Report, check: str) -> Sequence[Finding]:
    return [one for one in report.findings if one.check == check]


def write(world: World, file: str, content: str | bytes) -> Path:
    target = world.repo / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    return target
