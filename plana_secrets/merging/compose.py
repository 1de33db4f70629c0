"""The merged ciphertext: written by sops, read back, and no more believed than any other."""

from __future__ import annotations

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.document.emit import emit_yaml
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.merging.plan import Plan
from plana_secrets.merging.sides import Side
from plana_secrets.rotation.keysetfile import read_keyset
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import check_result, describe
from plana_secrets.secretfiles.writing.rewrap import update_recipients
from plana_secrets.secretfiles.writing.stage import renew_data_key, without_formers
from plana_secrets.sops.formats import Format, format_of


def compose(workspace: Workspace, file: str, plan: Plan, ours: Side, theirs: Side) -> bytes:
    """The file by ``plan``, for the recipients of its rule.

    The ciphertext of what stays as in the side it starts from stays byte for byte, unless the
    data key has to be another one. sops rewrites YAML only: other formats are encrypted again.

    Raises:
        FailedError: sops did not do what was asked (kind ``unexpected-result``), or the rule
            does not allow a safe write.
        CredentialError: no identity would open the result.
    """
    assert plan.content is not None  # noqa: S101 - the caller has seen that nothing is open
    start = ours if plan.start == "ours" else theirs
    rule = workspace.rule_for(file)
    is_for_rule = start.recipients == set(map(canonical_recipient, rule.recipients))
    if describe(plan.content) == describe(start.content) and not plan.is_fresh:
        ciphertext = start.data
    else:
        plain = emit_yaml(plan.content.items, plan.content.values)
        if plan.is_fresh or format_of(file) is not Format.YAML:
            ciphertext, is_for_rule = _encrypt(workspace, file, plain), True
        else:
            ciphertext = workspace.sops.rewrite(start.data, plain, identities=workspace.identities)
    if not is_for_rule:
        ciphertext = update_recipients(workspace, file, ciphertext)
    document = check_result(workspace, file, ciphertext, plan.content)
    if kind_of(rule.selector) is FileKind.KEYSET:
        read_keyset(document, file)
    if plan.new_data_key and document.data_key == start.key:
        return renew_data_key(workspace, file, ciphertext, document)
    return without_formers(workspace, file, ciphertext, document)[0]


def _encrypt(workspace: Workspace, file: str, plain: Secret) -> bytes:
    return workspace.sops.encrypt(
        plain, file=file, config=workspace.config_for(file), root=workspace.root
    )
