"""Arguments that name files and paths, with completion that never decrypts.

Completion reads git's list of files and the key names of a file, both readable without
an identity; a failure there means no suggestions, never an error.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from plana_secrets.cli.context import Context


class TypedPath(click.Path):
    """A path of the person's own, in which ``~/`` also counts where no shell has replaced it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from pathlib import Path

        from plana_secrets.places import expand_home, home_folder

        expanded = expand_home(Path(value), home_folder(os.environ)) if value != "-" else value
        return super().convert(expanded, param, ctx)


def complete_file(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Secret files, relative to the repository, and those below the working directory."""
    try:
        from plana_secrets.secretfiles.snapshot import work_tree

        context = _context(ctx)
        files = work_tree(context.workspace).secret_files
        here = context.folder.resolve()
        root = context.repository.root.resolve()
        below = f"{here.relative_to(root).as_posix()}/" if here.is_relative_to(root) else "/"
    except Exception:  # noqa: BLE001 - a completion has no one to tell
        return []
    near = [file.removeprefix(below) for file in files if file.startswith(below)]
    return [CompletionItem(file) for file in (*near, *files) if file.startswith(incomplete)]


def complete_path(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Paths of the leaves in the file named before."""
    try:
        from plana_secrets.paths import format_path
        from plana_secrets.secretfiles.listing import resolve_file
        from plana_secrets.secretfiles.open import read_structure_of

        context = _context(ctx)
        file = resolve_file(context.workspace, ctx.params["file"], context.folder)
        leaves = read_structure_of(context.workspace, file).leaves()
        paths = [format_path(leaf.path) for leaf in leaves]
    except Exception:  # noqa: BLE001 - a completion has no one to tell
        return []
    return [CompletionItem(_for_shell(path)) for path in paths if path.startswith(incomplete)]


def complete_mirror(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The mirrors in use, by the names of their backends."""
    try:
        names = _context(ctx).settings.mirror.backend
    except Exception:  # noqa: BLE001 - a completion has no one to tell
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_own_file(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Any file, as the shell lists them."""
    return [CompletionItem(incomplete, type="file")]


def _for_shell(path: str) -> str:
    """bash puts a completion on the line as it is, so it must come quoted; the others quote."""
    if os.environ.get("_PLANA_SECRETS_COMPLETE", "").startswith("bash"):
        return shlex.quote(path)
    return path


def _context(ctx: click.Context) -> Context:
    return ctx.find_object(Context) or Context()


def file_argument(**settings: Any) -> Callable[[Any], Any]:
    """``FILE``: relative to the working directory or to the repository."""
    return click.argument("file", **_shown("FILE", complete_file, settings))


def path_argument(**settings: Any) -> Callable[[Any], Any]:
    """``PATH``: where the leaf sits, ``db.password``."""
    return click.argument("path", **_shown("PATH", complete_path, settings))


def _shown(name: str, complete: Callable[..., Any], settings: dict[str, Any]) -> dict[str, Any]:
    """click marks an optional argument itself only where it also chooses the name."""
    metavar = name if settings.get("required", True) else f"[{name}]"
    return {"metavar": metavar, "shell_complete": complete, **settings}
