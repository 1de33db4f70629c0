"""One target under atheris, which sees which code an input reaches and goes on from there:

``python -m tests.fuzz.guided TARGET [CORPUS] [options of libFuzzer]``
"""

from __future__ import annotations

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["plana_secrets"]):
    from plana_secrets.errors import PlanaSecretsError
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Ends with libFuzzer's status: not 0 where an input fails, which it saves."""
    target = next(one for one in TARGETS if one.name == sys.argv[1])

    def try_one(content: bytes) -> None:
        with contextlib.suppress(PlanaSecretsError):
            target.check(content)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
