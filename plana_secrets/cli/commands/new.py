"""``plana-secrets new``: an empty secret file of a kind."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

import click

from plana_secrets.cli.arguments import file_argument
from plana_secrets.cli.context import Context, pass_context
from plana_secrets.cli.options import wait_option
from plana_secrets.cli.secretfile import warn_of_ignored, warn_of_twins
from plana_secrets.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from plana_secrets.document.kinds import FileKind
    from plana_secrets.secret import Secret

EPILOG = """\b
Examples:
  plana-secrets new infra/secrets/dev/example.yaml
  plana-secrets new infra/secrets/dev/shop.secret.yaml --kind secret --namespace dev
"""

_WORDS = {"plain": "plain-map", "secret": "kubernetes-secret"}


@click.command(epilog=EPILOG, short_help="Create an empty secret file.")
@file_argument()
@click.option(
    "--kind",
    "word",
    type=click.Choice(list(_WORDS)),
    help="Plain map or Kubernetes Secret; must agree with the file's rule.",
)
@click.option("--name", metavar="NAME", help="Name of the Secret; default: the file's name.")
@click.option("--namespace", metavar="NAMESPACE", help="Namespace of the Secret.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
@wait_option
@pass_context
def new(
    context: Context,
    file: str,
    word: str | None,
    name: str | None,
    namespace: str | None,
    dry_run: bool,
) -> None:
    """Create FILE without values, encrypted by its creation rule. An empty FILE may exist.

    The rule in .sops.yaml decides the kind; --kind checks that it is the one you expect.
    """
    from plana_secrets.document.blank import empty_file, manifest_name
    from plana_secrets.document.kinds import FileKind
    from plana_secrets.secretfiles.names import check_name

    target = _find_target(context, file)
    kind = _find_kind(context, target, word)
    if kind is FileKind.SECRET_MANIFEST and name is None:
        name = manifest_name(target)
    _write(context, target, empty_file(kind, name=name, namespace=namespace), dry_run=dry_run)
    warn_of_ignored(context, target)
    if context.json:
        facts = {"file": target, "kind": str(kind), "dry_run": dry_run}
        context.output.json_object("new", facts)
        return
    warn_of_twins(context, target, check_name(context.workspace, target))
    context.output.talk(f"{target} {'would be' if dry_run else 'is'} created ({kind})")
    if not dry_run:
        path = "PATH" if kind is FileKind.PLAIN_MAP else "stringData.KEY"
        context.output.talk(f"next: plana-secrets set {shlex.quote(target)} {path}")


def _find_target(context: Context, text: str) -> str:
    from plana_secrets.secretfiles.editing.repairing import is_unused
    from plana_secrets.secretfiles.listing import require_place, resolve_file
    from plana_secrets.sops.formats import require_format

    workspace = context.workspace
    file = resolve_file(workspace, text, context.folder, must_exist=False)
    require_format(file)
    if not is_unused(workspace, file):
        raise ConflictError(f"{file} already exists", kind="file-exists", retry=False, file=file)
    require_place(workspace, file)
    return file


def _find_kind(context: Context, file: str, word: str | None) -> FileKind:
    from plana_secrets.document.kinds import FileKind, kind_of

    kind = kind_of(context.workspace.rule_for(file).selector)
    if kind is FileKind.KEYSET:
        raise UsageError(f"{file} would be a keyset file", kind="keyset-file", file=file)
    if word is not None and kind != _WORDS[word]:
        raise UsageError(
            f"the rule for {file} makes it a {kind}, not a {_WORDS[word]}",
            kind="kind-differs",
            file=file,
        )
    return kind


def _write(context: Context, file: str, plain: Secret, *, dry_run: bool) -> None:
    from plana_secrets.secretfiles.writing.writer import stage_new, write_files, writing

    if dry_run:
        stage_new(context.workspace, file, plain)
        return
    with writing(context.workspace, "new"):
        staged = stage_new(context.workspace, file, plain)
        write_files(context.workspace, [staged], operation="new")


ADVICE: Final = {
    "kind-differs": "choose a file name that matches a rule of that kind in .sops.yaml",
}
