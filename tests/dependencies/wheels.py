"""``python -m tests.dependencies.wheels``: has every dependency a wheel for each Python?

Asked by name through pip, which prints what it would install and installs nothing. The
dependencies of the dependencies are those that are installed here.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

from packaging.requirements import Requirement

from tests.dependencies.declared import dependencies

PYTHONS = ("3.12", "3.13", "3.14", "3.15")


def everything() -> list[str]:
    """The requirements, and below them the names of what they need on this machine."""
    found: dict[str, str] = {}
    waiting = dependencies()
    while waiting:
        requirement = waiting.pop()
        name = requirement.name.lower()
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not wanted or name in found:
            continue
        found[name] = f"{requirement.name}{requirement.specifier}"
        waiting += map(Requirement, metadata.requires(name) or ())
    return sorted(found.values())


def has_wheels(python: str, names: list[str]) -> bool:
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install",
            "--dry-run", "--ignore-installed", "--no-deps", "--only-binary", ":all:",
            "--python-version", python, "--target", "/nonexistent", *names,
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode and len(names) == 1:
        print(done.stderr.strip(), file=sys.stderr)
    return done.returncode == 0


def main() -> int:
    names = everything()
    failed = False
    for python in PYTHONS:
        # all at once; one at a time only to name what is missing
        together = has_wheels(python, names)
        missing = [] if together else [one for one in names if not has_wheels(python, [one])]
        failed |= not together
        verdict = f"no wheel: {', '.join(missing)}" if missing else f"{len(names)} wheels"
        print(f"Python {python}: {verdict}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
