"""The recipients and the data key of a file, changed by sops and judged by us."""

from __future__ import annotations

from plana_secrets.document.edits import content_of
from plana_secrets.secretfiles.open import open_bytes, read_bytes_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.stage import (
    StagedFile,
    check_options,
    check_result,
    disbelieve,
    preflight,
    renew_data_key,
)
from plana_secrets.sops.formats import READ_HERE
from plana_secrets.storage import digest_of


def stage_recipients(workspace: Workspace, file: str, *, new_data_key: bool) -> StagedFile:
    """The file for the recipients of its rule; its content stays.

    ``new_data_key``: who could read it until now opens nothing that is written from now on.

    Raises:
        FailedError: see ``preflight`` and ``check_options``, or sops did not do what was asked
            (kind ``unexpected-result``).
        CredentialError: no identity opens the file, before or after.
    """
    rule = preflight(workspace, file, READ_HERE)
    data = read_bytes_of(workspace, file)
    document = open_bytes(data, file, workspace.identities)
    metadata = check_options(document.structure, rule, file)
    ciphertext = data
    if {one.recipient for one in metadata.recipients} != set(rule.recipients):
        ciphertext = _update_recipients(workspace, file, data)
    result = check_result(workspace, file, ciphertext, content_of(document))
    if result.data_key != document.data_key:
        disbelieve(file, "the data key is different")
    if new_data_key:
        ciphertext = renew_data_key(workspace, file, ciphertext, result)
    return StagedFile(file, digest_of(data), ciphertext)


def _update_recipients(workspace: Workspace, file: str, data: bytes) -> bytes:
    """By the rules file that decides ``file``, and the name that it has there."""
    rules = workspace.rules_for(file)
    return workspace.sops.update_recipients(
        data,
        file=file.removeprefix(f"{rules.folder}/") if rules.folder else file,
        rules=workspace.read_rules(rules.file),
        identities=workspace.identities,
    )
