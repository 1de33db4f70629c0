"""The text of a hook that we write, and recognizing it later.

The second line has a digest of all that follows, so a hook that a person changed is never taken
for ours: it is neither replaced nor removed.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FORMAT: Final = 1
"""Of the text: higher with each change of what a hook has to do."""

_HEAD: Final = re.compile(rb"#!/bin/sh\n# plana-secrets hook ([0-9]+) ([0-9a-f]{16})\n")


@dataclass(frozen=True, slots=True)
class Program:
    """How a hook starts us: by the interpreter and the file of the package that it runs; without
    them by name, for a hook that others share."""

    python: Path | None = None
    package: Path | None = None

    def command(self) -> str:
        """The words that start us, for a shell."""
        if self.python is None:
            return "plana-secrets"
        return f"{shlex.quote(str(self.python))} -I -m plana_secrets"

    def is_there(self) -> bool:
        """Whether what the hook starts is still where it was. By name, only PATH knows."""
        needed = (self.python, self.package)
        return all(one is None or one.is_file() for one in needed)


@dataclass(frozen=True, slots=True)
class Written:
    """A hook that install wrote. ``is_intact``: no one has changed it since."""

    format: int
    is_intact: bool
    program: Program


def calling_line(name: str, program: Program) -> str:
    """The line that calls us in a hook of others."""
    return f'{program.command()} hook run {name} --no-input -- "$@" || exit 1'


def hook_script(name: str, program: Program) -> bytes:
    """The whole hook ``name``."""
    start = f'exec {program.command()} hook run {name} --no-input -- "$@"'
    if program.python is None:
        test = "command -v plana-secrets >/dev/null 2>&1"
        missing = "it is not on your PATH"
    else:
        places = [shlex.quote(str(one)) for one in (program.python, program.package)]
        test = f"[ -x {places[0]} ] && [ -f {places[1]} ]"
        missing = "it is gone from where `plana-secrets hook install` found it"
    rest = f"""\
# `plana-secrets hook uninstall` removes this file.
if {test}; then
    {start}
fi
echo 'plana-secrets: cannot run in the hook {name}: {missing}' >&2
echo "hint: install it and run 'plana-secrets hook install', or remove $0" >&2
exit 1
""".encode()
    digest = hashlib.sha256(rest).hexdigest()[:16]
    return f"#!/bin/sh\n# plana-secrets hook {FORMAT} {digest}\n".encode() + rest


def read_script(content: bytes) -> Written | None:
    """What a hook file says of itself; None for one that is not ours."""
    head = _HEAD.match(content)
    if head is None:
        return None
    rest = content[head.end() :]
    intact = hashlib.sha256(rest).hexdigest()[:16] == head.group(2).decode()
    return Written(int(head.group(1)), intact, _program_of(rest))


def _program_of(rest: bytes) -> Program:
    """From the line that looks for it: ``if [ -x PYTHON ] && [ -f PACKAGE ]; then``."""
    try:
        words = shlex.split(rest.decode("utf-8", "surrogateescape"), comments=True)
        at = words.index("-x")
        return Program(Path(words[at + 1]), Path(words[words.index("-f", at) + 1]))
    except (ValueError, IndexError):
        return Program()
