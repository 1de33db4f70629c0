"""What ``verify`` looks at and by whose settings: the work tree, the index or a range."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context
    from plana_secrets.config import Settings
    from plana_secrets.git.trees import Tree
    from plana_secrets.observability import Observer
    from plana_secrets.secretfiles.snapshot import Snapshot
    from plana_secrets.verify.check import Level
    from plana_secrets.verify.policychange import Demanded
    from plana_secrets.verify.ranges.run import Ends
    from plana_secrets.verify.report import Report


def place_of(
    context: Context, *, staged: bool, policy_from: str | None, keyed: bool
) -> tuple[Snapshot, Settings]:
    """The snapshot to verify, and the settings to verify it by.

    ``policy_from``: a revision whose settings count in place of those in the snapshot.
    ``keyed``: identities are looked for also where they need not be.

    Raises:
        UsageError: there is no such revision (kind ``no-such-revision``), or the settings
            are malformed.
    """
    from plana_secrets.config import settings_in
    from plana_secrets.git.index import index_of_commit
    from plana_secrets.git.trees import CommitTree
    from plana_secrets.secretfiles.snapshot import index, work_tree
    from plana_secrets.secretfiles.versions import commit_named

    if staged:
        workspace = context.workspace if keyed else context.keyless_workspace
        snapshot = index(workspace, index_of_commit(workspace.repository, os.environ))
    else:
        snapshot = work_tree(context.workspace)
    if policy_from is not None:
        settings = settings_in(
            CommitTree(context.repository, commit_named(context.repository, policy_from))
        )
    else:
        settings = settings_in(snapshot.tree) if staged else context.settings
    return snapshot.under(settings.files), settings


def verify_commits(
    context: Context,
    text: str,
    *,
    policy_from: str | None,
    level: Level | None,
    observer: Observer,
) -> Report:
    """The report of a range, as ``--range`` names it."""
    from plana_secrets.secretfiles.versions import commit_named
    from plana_secrets.verify.check import Level
    from plana_secrets.verify.ranges.run import verify_range

    keyed = level is not None and level >= Level.L3
    workspace = context.workspace if keyed else context.keyless_workspace
    ends = _ends(context, text)
    if policy_from is not None:
        ends = replace(ends, trusted=commit_named(workspace.repository, policy_from))
    return verify_range(
        workspace,
        ends,
        terms_in,
        now=context.now,
        level=level,
        observer=observer,
    )


def _ends(context: Context, text: str) -> Ends:
    from plana_secrets import limits
    from plana_secrets.storage import read_regular_file
    from plana_secrets.verify.ranges.ends import ends_of_event, parse_range
    from plana_secrets.verify.ranges.events import event_file, read_event

    if text != "auto":
        return parse_range(context.repository, text)
    file = event_file(os.environ)
    content = None
    if file is not None:
        content = read_regular_file(Path(os.path.realpath(file)), limit=limits.READABLE_FILE)
    return ends_of_event(context.workspace.repository, read_event(os.environ, content))


def terms_in(tree: Tree) -> Demanded:
    """The settings of a place, as ``verify_range`` asks for them."""
    from plana_secrets.config import settings_in

    return settings_in(tree).demanded
