"""``repair .sops.yaml``: the rules without an option that breaks a promise, and their files."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plana_secrets.cli.context import Context
from plana_secrets.cli.failure import report_part
from plana_secrets.counts import counted

if TYPE_CHECKING:
    from plana_secrets.errors import PlanaSecretsError


@dataclass(slots=True)
class _Done:
    """``is_edited``: the rules; ``files`` that are encrypted again, and those that are left."""

    is_edited: bool
    files: list[str] = field(default_factory=list)
    left: list[tuple[str, PlanaSecretsError]] = field(default_factory=list)


def repair_rules(context: Context, name: str, *, dry_run: bool) -> int:
    """Take ``mac_only_encrypted`` out of the rules file ``name`` and of the files of its rules.

    Returns:
        The exit code: that of the first file that could not be encrypted again.
    """
    from plana_secrets.secretfiles.writing.writer import writing

    with nullcontext() if dry_run else writing(context.workspace, "repair"):
        done = _repair(context, name, dry_run=dry_run)
    if not context.json:
        _tell(context, name, done, dry_run=dry_run)
    for file, error in done.left:
        report_part(error, file, context.here)
    if context.json:
        is_change = bool(done.is_edited or done.files)
        facts: dict[str, Any] = {"file": name, "written": is_change and not dry_run}
        skipped = [
            {"file": file, "kind": error.kind, "message": error.message}
            for file, error in done.left
        ]
        more = {"files": done.files, "skipped": skipped}
        empty = {"dry_run": dry_run, "values": [], "readable": []}
        context.output.json_object("repair", {**facts, **empty, **more})
    return next((error.exit_code for _, error in done.left), 0)


def _repair(context: Context, name: str, *, dry_run: bool) -> _Done:
    from plana_secrets.secretfiles.editing.maconly import (
        files_with_mac_only,
        find_rewritable,
        stage_rewritten,
        without_mac_only,
    )
    from plana_secrets.secretfiles.snapshot import work_tree
    from plana_secrets.secretfiles.writing.stage import StagedFile
    from plana_secrets.secretfiles.writing.writer import write_files
    from plana_secrets.storage import digest_of

    workspace = context.workspace
    before = workspace.read_rules(name)
    after = without_mac_only(before, name)
    done = _Done(after != before)
    under = workspace.under_rules(after, name)
    files = list(files_with_mac_only(work_tree(under), name))
    if dry_run:
        done.files, done.left = find_rewritable(under, files)
        return done
    # the rules first: sops encrypts by what they say on the disk
    rules = StagedFile(name, digest_of(before), after)
    write_files(workspace, [rules], operation="repair")
    staged, done.left = stage_rewritten(under, files)
    write_files(under, staged, operation="repair")
    done.files = [one.file for one in staged]
    return done


def _tell(context: Context, name: str, done: _Done, *, dry_run: bool) -> None:
    output, would = context.output, "would be" if dry_run else "is"
    if done.is_edited:
        output.talk(f"mac_only_encrypted {would} removed from {name}")
    for file in done.files:
        output.talk(f"{file} {would} encrypted again")
    if done.files and not dry_run:
        count = counted(len(done.files), "file")
        output.talk(f"{count} changed; their values are the same")
    if not (done.is_edited or done.files or done.left):
        output.talk(f"nothing to repair in {name}; `plana-secrets verify` shows what else is wrong")
