"""``plana-secrets set``: give one leaf a value, which is never an argument."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from plana_secrets import limits
from plana_secrets.cli.arguments import file_argument, path_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret

if TYPE_CHECKING:
    from plana_secrets.document.edits import SetLeaf
    from plana_secrets.paths import LeafPath
    from plana_secrets.secretfiles.writing.stage import StagedFile
    from plana_secrets.sops.model import Leaf, LeafType

EPILOG = """\
Without --stdin, --from-file or --generate, you are asked for the value twice, without echo.

\b
Examples:
  plana-secrets set infra/secrets/dev/example.yaml db.password
  plana-secrets set infra/secrets/dev/example.yaml db.password --stdin < password.txt
  plana-secrets set infra/secrets/dev/example.yaml api.key --generate hex:32
  plana-secrets set infra/secrets/dev/example.yaml db.port --type int
  plana-secrets set infra/secrets/dev/app.secret.yaml data.TOKEN --encode
  plana-secrets set infra/secrets/dev/example.yaml db.password --at HEAD~1
"""


@click.command("set", epilog=EPILOG, short_help="Set one value.")
@file_argument()
@path_argument(required=False)
@click.option("--stdin", is_flag=True, help="Read the value from stdin, every byte of it.")
@click.option(
    "--from-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Read the value from a file.",
)
@click.option(
    "--generate", metavar="FORM", help="Generate it: hex:N, b64:N, b64url:N, alnum:N or uuid."
)
@click.option(
    "--type",
    "leaf_type",
    type=click.Choice(["str", "int", "float", "bool"]),
    help="Type of the value; default: str. Needed where it is a number or boolean now.",
)
@click.option("--encode", is_flag=True, help="Encode the value as base64 (a Secret's data).")
@click.option(
    "--allow-empty", is_flag=True, help="Allow an empty value (sops does not encrypt empty values)."
)
@click.option("--at", metavar="REV", help="Take the value that it had at this commit or tag.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def set_(
    context: Context,
    file: str,
    path: str | None,
    stdin: bool,
    from_file: Path | None,
    generate: str | None,
    leaf_type: str | None,
    encode: bool,
    allow_empty: bool,
    at: str | None,
    dry_run: bool,
) -> None:
    """Set the value at PATH in FILE, creating the path if needed.

    The value is a string, even if it looks like a number; for a number or boolean use --type.
    """
    from plana_secrets.cli.secretfile import find_leaf
    from plana_secrets.document.edits import SetLeaf
    from plana_secrets.paths import format_path

    name, steps = find_leaf(context, file, path)
    if at is not None:
        if stdin or from_file or generate or leaf_type or encode:
            raise UsageError("--at cannot be combined with another value", kind="several-sources")
        _undo(context, name, steps, at, dry_run=dry_run)
        return
    steps, chosen = _choose_place(context, name, steps, leaf_type)
    label = f"{name}#{format_path(steps)}"
    value = _read_value(context, label, stdin=stdin, from_file=from_file, generate=generate)
    if value.is_empty and not allow_empty:
        raise UsageError("the value is empty", kind="empty-value")
    if leaf_type in {None, "str"} and _ends_with_newline(value):
        context.output.warn(
            "the value ends with a newline, which is kept; echo adds one, printf does not"
        )
    if encode:
        value = Secret(base64.b64encode(value.reveal()))
    staged = _write(context, name, SetLeaf(steps, value, chosen), dry_run=dry_run)
    _report(context, label, staged, dry_run=dry_run)


def _undo(context: Context, file: str, path: LeafPath, at: str, *, dry_run: bool) -> None:
    from plana_secrets.cli.undo import past_leaf
    from plana_secrets.paths import format_path

    edit = past_leaf(context, file, path, at)
    staged = _write(context, file, edit, dry_run=dry_run)
    _report(context, f"{file}#{format_path(edit.path)}", staged, dry_run=dry_run)


def _choose_place(
    context: Context, file: str, path: LeafPath, asked: str | None
) -> tuple[LeafPath, LeafType]:
    """Which leaf is meant, and its type: a number must not become a string by accident."""
    from plana_secrets.cli.secretfile import read_structure_to_change
    from plana_secrets.document.kinds import FileKind, kind_of
    from plana_secrets.document.meant import meant_path
    from plana_secrets.paths import format_path
    from plana_secrets.sops.model import LeafType

    structure = read_structure_to_change(context, file, path)
    kind = kind_of(context.workspace.rule_for(file).selector)
    meant = meant_path(path, structure.items, kind)
    if meant != path and kind is not FileKind.SECRET_MANIFEST:
        # a new map with a new key is as good a reading as the key that is there
        raise UsageError(
            f"{format_path(path)} is not in {file}; did you mean the key {format_path(meant)}?",
            kind="ambiguous-path",
            path=format_path(meant),
        )
    if asked is not None:
        return meant, LeafType(asked)
    for leaf in structure.leaves():
        present = _type_of(leaf)
        if leaf.path == meant and present not in {LeafType.STR, LeafType.NULL}:
            raise UsageError(
                f"the current value is of type {present}; the new one would be a string",
                kind="type-needed",
                type=present,
            )
    return meant, LeafType.STR


def _type_of(leaf: Leaf) -> LeafType:
    """Also of a value that was typed into the file, where nothing else says its type."""
    from plana_secrets.sops.model import LeafType
    from plana_secrets.sops.reading.scalars import resolve_plain

    if leaf.token is not None or leaf.plain is None or leaf.plain.is_empty or not leaf.in_scope:
        return leaf.type
    resolved = resolve_plain(leaf.plain.reveal_text())
    return resolved[0] if resolved else LeafType.STR


def _read_value(
    context: Context, label: str, *, stdin: bool, from_file: Path | None, generate: str | None
) -> Secret:
    if sum((stdin, from_file is not None, generate is not None)) > 1:
        raise UsageError(
            "--stdin, --from-file and --generate cannot be combined", kind="several-sources"
        )
    if generate is not None:
        from plana_secrets.cli.generate import generate_value

        return generate_value(generate)
    if stdin or from_file is not None:
        from plana_secrets.cli.inputs import read_input

        return read_input(from_file, limit=limits.VALUE, what="the value")
    from plana_secrets.cli.terminal import ask_secret

    instead = "pass --stdin, --from-file FILE or --generate FORM"
    return ask_secret(context, f"new value of {label}", twice=True, instead=instead)


def _ends_with_newline(value: Secret) -> bool:
    """Whether a single line has a newline at its end, which is rarely intended."""
    content = value.reveal()
    return content.endswith(b"\n") and content.count(b"\n") == 1


def _write(context: Context, file: str, edit: SetLeaf, *, dry_run: bool) -> StagedFile:
    from plana_secrets.cli.secretfile import stage_here, tell_readable
    from plana_secrets.secretfiles.writing.writer import write_files, writing

    if dry_run:
        return stage_here(context, file, [edit])[0]
    with writing(context.workspace, "set"):
        staged, readable, comments = stage_here(context, file, [edit])
        write_files(context.workspace, [staged], operation="set")
    tell_readable(context, readable, comments)
    return staged


def _report(context: Context, label: str, staged: StagedFile, *, dry_run: bool) -> None:
    file, _, path = label.partition("#")
    if context.json:
        facts = {"file": file, "path": path, "changed": staged.is_change, "dry_run": dry_run}
        context.output.json_object("set", facts)
    elif not staged.is_change:
        context.output.talk(f"{label} already has this value")
    else:
        context.output.talk(f"{label} {'would be set' if dry_run else 'is set'}")


ADVICE: Final = {
    "ambiguous-path": "write '{path}' for that key, or create a new map with `plana-secrets edit`",
    "empty-value": "pass --allow-empty to allow it",
    "several-sources": "choose one of them",
    "type-needed": "pass --type {type} to keep the type, or --type str to change it",
}
