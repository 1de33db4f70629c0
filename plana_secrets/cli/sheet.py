"""A table for other programs: CSV for a spreadsheet, Markdown for a page.

What comes from a repository acts as nothing in either: no formula, no markup, no mention.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

from plana_secrets.escape import code_span, safe_line

FORMATS: Final = ("text", "csv", "markdown")

_BAR: Final = re.compile(r"(\\*)\|")
_FORMULA: Final = ("=", "+", "-", "@")

Rows = Sequence[Sequence[str]]


def as_csv(header: Sequence[str], rows: Rows) -> str:
    """RFC 4180, with an apostrophe before what a spreadsheet would calculate.

    A spreadsheet skips space in front of a formula, and any control character is escaped.
    """
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([list(map(_cell, row)) for row in (header, *rows)])
    return lines.getvalue().removesuffix("\n")


def _cell(text: str) -> str:
    line = safe_line(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line


def as_markdown(header: Sequence[str], rows: Rows) -> str:
    """A table of GitHub's Markdown; every cell is inline code."""
    lines = [
        " | ".join(map(_title, header)),
        " | ".join("---" for _ in header),
        *(" | ".join(map(_code, row)) for row in rows),
    ]
    return "\n".join(f"| {line} |" for line in lines)


def _title(text: str) -> str:
    return text if text.isalnum() else _code(text)


def _code(text: str) -> str:
    """A table ends a cell at a bar, in code too, unless it is escaped; so is a backslash there."""
    return _BAR.sub(_escape_bar, code_span(text)) if text else " "


def _escape_bar(match: re.Match[str]) -> str:
    before = match[1]
    return before + "\\" * (1 + len(before) % 2) + "|"
