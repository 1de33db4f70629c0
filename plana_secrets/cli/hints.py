"""Advice about an error: what to do next.

The advice is in a table ``ADVICE`` of the module that raises the kind, or of a module
that this one imports; a kind has one advice, wherever it is raised. So the modules that
are loaded when an error arrives here are all that has to be looked at.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping

from plana_secrets.errors import PlanaSecretsError


def find_hint(error: PlanaSecretsError) -> str | None:
    """The advice for this error, or None for one that explains itself.

    ``{fact}`` is filled from the error's facts, quoted for a shell inside of backticks;
    what the error does not know stays a word in capitals, ``FILE``.
    """
    template = _find_advice(error.kind)
    if template is None:
        return None
    facts = {name: str(fact) for name, fact in error.facts.items() if fact is not None}
    return "".join(
        _fill(piece, facts, quoted=piece.startswith("`")) for piece in _PIECE.findall(template)
    )


_PIECE = re.compile(r"`[^`]*`|[^`]+")
_FACT = re.compile(r"\{([a-z_]+)\}")


def _find_advice(kind: str) -> str | None:
    for name, module in list(sys.modules.items()):
        if name.startswith("plana_secrets."):
            advice: str | None = getattr(module, "ADVICE", {}).get(kind)
            if advice is not None:
                return advice
    return None


def _fill(piece: str, facts: Mapping[str, str], *, quoted: bool) -> str:
    def value(match: re.Match[str]) -> str:
        fact = facts.get(match.group(1))
        if fact is None:
            return match.group(1).upper()
        return shlex.quote(fact) if quoted else fact

    return _FACT.sub(value, piece)
