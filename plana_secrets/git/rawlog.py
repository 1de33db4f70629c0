"""What ``git log -z --raw --format=%x1e%H`` prints, piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator


def raw_records(output: bytes) -> Iterator[tuple[str, str | None, list[str]]]:
    """Each commit without a name, then the names of what differs, with modes and ids.

    Source: git-log(1), "RAW OUTPUT FORMAT" and "DIFF FORMAT FOR MERGES": a merge has a colon,
    a mode and an id for each parent.
    """
    commit = ""
    fields = iter(output.split(b"\0"))
    for field in fields:
        text = os.fsdecode(field).lstrip("\n")
        if text.startswith("\x1e"):
            commit = text[1:].strip()
            yield commit, None, []
        elif text.startswith(":"):
            yield commit, os.fsdecode(next(fields)), text.lstrip(":").split(" ")
