"""The variables of a push that is being received, as git sets them for ``pre-receive``.

The objects of such a push are in a quarantine folder until the hook accepts them; git
finds them through three variables. Programs that a hook starts inherit these too, so
they count only where all of them name one repository, and only for a git that runs in
the folder of that repository, as the hook itself does.

Source: git's ``tmp-objdir.c`` (``tmp_objdir_env``) and ``builtin/receive-pack.c``, 2.39.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_ALTERNATES: Final = "GIT_ALTERNATE_OBJECT_DIRECTORIES"


def received_push(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Git's variables for the push that ``folder``, a git dir, is receiving; else nothing."""
    quarantine = environment.get("GIT_QUARANTINE_PATH", "")
    if not quarantine or environment.get("GIT_OBJECT_DIRECTORY") != quarantine:
        return {}
    place = Path(quarantine).resolve()
    git_dir = folder.resolve()
    # the hook runs in the git dir, and git says "."
    said = Path(git_dir, environment.get("GIT_DIR", "")).resolve()
    known = environment.get(_ALTERNATES, "").split(os.pathsep)
    if said != git_dir or place.parent != git_dir / "objects" or not place.is_dir():
        return {}
    if place.parent not in {Path(one).resolve() for one in known if one}:
        return {}
    return {
        "GIT_DIR": str(git_dir),
        "GIT_QUARANTINE_PATH": quarantine,
        "GIT_OBJECT_DIRECTORY": quarantine,
        _ALTERNATES: environment[_ALTERNATES],
    }
