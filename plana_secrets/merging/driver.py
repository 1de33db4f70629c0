"""One file merged for git: three versions in, one out, or the reasons why not.

Nothing here takes our lock: no file of the work tree is written, git puts the result in place.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plana_secrets.errors import CredentialError, MalformedError
from plana_secrets.git.operation import Commits
from plana_secrets.git.textmerge import commit_being_merged, merge_texts
from plana_secrets.merging.bases import is_bundle, open_base
from plana_secrets.merging.bypath import Judge
from plana_secrets.merging.compose import compose
from plana_secrets.merging.plan import plan_merge
from plana_secrets.merging.reasons import Conflict
from plana_secrets.merging.rendered import Rendered
from plana_secrets.merging.rulesafter import with_merged_rules
from plana_secrets.merging.sides import Side
from plana_secrets.merging.versions import Versions
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.secretfiles.discovery import carries_sops
from plana_secrets.secretfiles.listing import is_secret_file
from plana_secrets.secretfiles.open import open_bytes
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.sops.formats import READ_HERE, require_format


@dataclass(frozen=True, slots=True)
class Outcome:
    """``content`` is None where there are ``conflicts``."""

    content: bytes | None
    conflicts: tuple[Conflict, ...] = ()


def merge_versions(
    workspace: Workspace,
    file: str,
    versions: Versions,
    *,
    is_revoked: Judge,
    environment: Mapping[str, str],
    policies: Sequence[KeysetPolicy] = (),
) -> Outcome:
    """The merged file, checked: three MACs first, and the result as it was read back.

    ``environment``: that of the git that called us. ``policies``: of the configured keysets.

    Raises:
        CredentialError: no identity opens a version; the message says which.
        FailedError, UsageError: a version, the rule or the result cannot be used.
    """
    require_format(file, READ_HERE)
    workspace = with_merged_rules(workspace, file, environment)
    rule = workspace.rule_for(file)
    base = None if versions.base is None else read_base(workspace, file, versions.base)
    ours = read_side(workspace, file, versions.ours, "our side")
    theirs = read_side(workspace, file, versions.theirs, "their side")
    rendered = Rendered(workspace, policies, _commits(workspace, environment))
    plan = plan_merge(base, ours, theirs, rule, is_revoked=is_revoked, combine=rendered.of(file))
    if plan.content is None:
        return Outcome(None, plan.conflicts)
    return Outcome(compose(workspace, file, plan, ours, theirs))


def _commits(workspace: Workspace, environment: Mapping[str, str]) -> Commits | None:
    found, head = (
        commit_being_merged(workspace.repository, environment),
        workspace.repository.head(),
    )
    return Commits(found[0], head, found[1]) if found and head else None


def read_side(workspace: Workspace, file: str, data: bytes, name: str) -> Side:
    """One version, opened; ``name`` says in an error which.

    What an editor for Windows adds is no reason to lose a side: the MAC says whether it was all.

    Raises:
        CredentialError, MalformedError: it cannot be opened, or must not be used.
    """
    data = data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    try:
        return Side(data, open_bytes(data, file, workspace.identities))
    except (CredentialError, MalformedError) as error:
        family = CredentialError if isinstance(error, CredentialError) else MalformedError
        message = f"{name}: {error.message}"
        raise family(message, kind=error.kind, retry=None, **error.facts) from None


def read_base(workspace: Workspace, file: str, data: bytes) -> Side | None:
    """The version that both sides began with; see ``bases.open_base``."""
    return open_base(data, lambda one: read_side(workspace, file, one, "base"))


def merge_as_text(workspace: Workspace, versions: Versions) -> tuple[bytes, bool]:
    """What git itself does with a file that is meant to be readable; see ``merge_texts``."""
    base = versions.base or b""
    return merge_texts(workspace.repository.command, base, versions.ours, versions.theirs)


def is_readable(workspace: Workspace, file: str, versions: Versions) -> bool:
    """Whether a file is one for git alone: attributes are coarse, and name folders."""
    if is_secret_file(workspace.settings, file):
        return False
    sides = (versions.base, versions.ours, versions.theirs)
    return not any(one is not None and (is_bundle(one) or carries_sops(file, one)) for one in sides)
