"""A whole file as text: ``revise`` what `edit` shows, ``encrypt`` a plain file,
``importing`` values of one, its ``exposure`` in git,
``repairing`` a broken file, what it is written as when it is ``repaired``, and an edit
``kept`` encrypted until it can be written; ``moving`` a file or a value; files and rules
without an option that breaks a promise (``maconly``).
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "bad-kept-edit": "discard it with `plana-secrets edit {file} --discard`",
}
