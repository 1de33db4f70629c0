"""Verifying a range of commits in this process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from plana_secrets.config import settings_in
from plana_secrets.git.trees import Tree
from plana_secrets.verify.policychange import Demanded
from plana_secrets.verify.ranges.ends import parse_range
from plana_secrets.verify.ranges.run import verify_range
from plana_secrets.verify.report import Report
from tests.verify.inprocess import NO_IDENTITY, workspace_of
from tests.world import World

Found = list[tuple[str, str | None, str | None]]


def terms_in(tree: Tree) -> Demanded:
    return settings_in(tree).demanded


def verify_commits(world: World, text: str, **demand: Any) -> Report:
    """The report of a range, without an identity."""
    workspace = workspace_of(world, NO_IDENTITY)
    ends = parse_range(workspace.repository, text)
    return verify_range(workspace, ends, terms_in, now=datetime.now(UTC), **demand)


def errors(report: Report) -> Found:
    return [(one.check, one.file, one.path) for one in report.findings if one.severity == "error"]


def warnings(report: Report) -> Found:
    return [(one.check, one.file, one.path) for one in report.findings if one.severity == "warning"]
