"""The hooks of git that call us.

``script``
    The text of a hook that we write, and recognizing it.
``managers``
    husky, lefthook and pre-commit: which of them has a hook, and what to add where.
``githooks``
    Installing, removing and looking at the hooks of a repository.
``mergedriver``
    The merge driver in the settings of a clone and in the attributes of a repository.
``outcome``
    What became of one thing.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "hook-not-kept": "check the file system, and run it again",
}
