"""The recipients and the data key of a file, changed by sops and judged by us."""

from __future__ import annotations

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.document.edits import content_of
from plana_secrets.errors import MalformedError
from plana_secrets.secretfiles.open import check_sound, open_bytes, read_bytes_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.judge import (
    check_against_rule,
    check_options,
    check_result,
    describe,
    disbelieve,
)
from plana_secrets.secretfiles.writing.stage import StagedFile, preflight, renew_data_key
from plana_secrets.sops.formats import READ_HERE, format_of
from plana_secrets.sops.model import Document
from plana_secrets.sops.reading.reader import open_with_key, read_structure
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
    ours = workspace.identities.complete().recipients()
    if ours.isdisjoint(map(canonical_recipient, rule.recipients)):
        return StagedFile(file, digest_of(data), _without_us(workspace, file, data, document))
    ciphertext = data
    if {one.recipient for one in metadata.recipients} != set(rule.recipients):
        ciphertext = update_recipients(workspace, file, data)
    result = check_result(workspace, file, ciphertext, content_of(document))
    if result.data_key != document.data_key:
        disbelieve(file, "the data key is different")
    if new_data_key:
        ciphertext = renew_data_key(workspace, file, ciphertext, result)
    return StagedFile(file, digest_of(data), ciphertext)


def _without_us(workspace: Workspace, file: str, data: bytes, document: Document) -> bytes:
    """The file for readers of whom we are none: afterwards no identity here opens it.

    So the new data key comes first, in memory, and is known when the recipients are updated:
    what comes out is opened with it.
    """
    renewed = workspace.sops.rotate_data_key(
        data, identities=workspace.identities, form=format_of(file)
    )
    key = open_bytes(renewed, file, workspace.identities).data_key
    if key == document.data_key:
        disbelieve(file, "the data key is the old one")
    ciphertext = update_recipients(workspace, file, renewed)
    structure = read_structure(ciphertext, format_of(file))
    check_sound(structure, file)
    check_against_rule(structure, workspace.rule_for(file), file)
    try:
        result = open_with_key(structure, key)
    except MalformedError:
        disbelieve(file, "the data key is different")
    if describe(content_of(result)) != describe(content_of(document)):
        disbelieve(file, "the content is not what was planned")
    return ciphertext


def update_recipients(workspace: Workspace, file: str, data: bytes) -> bytes:
    """By the rules file that decides ``file``, and the name that it has there."""
    rules = workspace.rules_for(file)
    return workspace.sops.update_recipients(
        data,
        file=file.removeprefix(f"{rules.folder}/") if rules.folder else file,
        rules=workspace.read_rules(rules.file),
        identities=workspace.identities,
    )
