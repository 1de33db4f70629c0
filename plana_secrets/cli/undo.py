"""A value as it was at a commit, to set it again; never a key that a rotation revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from plana_secrets.cli.context import Context
from plana_secrets.errors import UsageError

if TYPE_CHECKING:
    from plana_secrets.document.edits import SetLeaf
    from plana_secrets.paths import LeafPath
    from plana_secrets.rotation.revoked import RevokedValues


def past_leaf(context: Context, file: str, path: LeafPath, at: str) -> SetLeaf:
    """The edit that gives ``path`` the value and the type that it had at a revision.

    Raises:
        UsageError: it had none, or the value is that of a disabled or destroyed key of a
            keyset (kind ``revoked-value``).
    """
    from plana_secrets.cli.secretfile import open_file, read_leaf
    from plana_secrets.document.edits import SetLeaf
    from plana_secrets.paths import format_path

    leaf, value, path = read_leaf(context, open_file(context, file, at), file, path)
    if _is_revoked(context)(value):
        spelled = format_path(path)
        raise UsageError(
            f"{file}#{spelled} at {at} is a key that a rotation revoked",
            kind="revoked-value",
            file=file,
            path=spelled,
        )
    return SetLeaf(path, value, leaf.type)


def _is_revoked(context: Context) -> RevokedValues:
    from plana_secrets.rotation.revoked import RevokedValues

    names = [policy.name for policy in context.settings.keysets]
    return RevokedValues(context.workspace, names, context.output.warn)


ADVICE: Final = {
    "revoked-value": "set a new value with `plana-secrets set {file} {path}`",
}
