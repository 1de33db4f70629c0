"""Keeping an item before a hand edit in it is overwritten.

What a person typed into the mirror may exist nowhere else. The item goes, as a Bitwarden
export of one item, into a file that those can open who can open the secret file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from plana_secrets.age.recipients import encrypt_to, parse_recipient
from plana_secrets.errors import FailedError
from plana_secrets.mirror.backend import ActualItem
from plana_secrets.mirror.export import export_of
from plana_secrets.mirror.surroundings import make_state_folder
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.storage import digest_of, replace_file

_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9._-]+")


def keep_item(workspace: Workspace, folder: Path, item: ActualItem) -> str:
    """Keep ``item`` in a new file in ``folder``; the file's path.

    Raises:
        FailedError: the rule of its file names no recipient to whom can be encrypted
            (kind ``no-native-recipient``), or it cannot be written (``state-unwritable``).
        UsageError: its file has no rule.
    """
    file = item.record.file if item.record else item.id
    named = [parse_recipient(text) for text in workspace.rule_for(file).recipients]
    recipients = [one for one in named if one.native]
    if not recipients:
        raise FailedError(
            f"cannot keep the item of {file}: its rule has no recipient that can be used here",
            kind="no-native-recipient",
            file=file,
        )
    encrypted = encrypt_to(export_of(item).to_text(), recipients)
    name = _UNUSUAL.sub("-", file).strip("-.")[-80:]
    path = folder / f"{name}.{digest_of(encrypted)[:12]}.json.age"
    make_state_folder(folder)
    replace_file(path, encrypted, mode=0o600)
    return str(path)


ADVICE: Final = {
    "no-native-recipient": (
        "add an age1... recipient to the rule of {file} in .sops.yaml, or omit --overwrite-edits"
    ),
}
