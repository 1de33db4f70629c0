"""Telling a person which values were kept as text, and which mean nothing at all."""

from __future__ import annotations

from collections.abc import Sequence

from plana_secrets.cli.output import Output
from plana_secrets.paths import LeafPath, format_path


def tell_as_typed(
    output: Output,
    as_text: Sequence[LeafPath],
    nulls: Sequence[LeafPath],
    cut: Sequence[LeafPath] = (),
) -> None:
    """A notice for each kind, with its paths."""
    if as_text:
        output.talk(f"kept as text: {_names(as_text)} (use --typed to read values as YAML does)")
    if nulls:
        output.warn(f"null: {_names(nulls)}; quote a value that begins with # or ~")
    if cut:
        output.warn(f"ends before ' #', a comment: {_names(cut)}; quote a value that contains it")


def _names(paths: Sequence[LeafPath]) -> str:
    return ", ".join(format_path(path) for path in paths)
