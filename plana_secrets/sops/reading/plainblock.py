"""The metadata block in the very form in which sops writes it, read without a parser.

In a small file the block is more than half of all events, and sops always writes it
last and in one form. What has that form to the last character, after a map that is
complete without it, means the same to every YAML reader; what differs in the least
goes through the parser.
"""

from __future__ import annotations

import re
from typing import Final

from plana_secrets.sops.reading.parts import Block, BlockList, BlockMap

_START: Final = "\nsops:\n"
_LABEL: Final = r"recipient: (age1[a-z0-9]{1,80})\n"
_ENC: Final = r"enc: \|\n((?:            [A-Za-z0-9+/=-][A-Za-z0-9+/= -]{0,80}\n)+)"
_ENTRY: Final = re.compile(f"        - (?:{_LABEL}          {_ENC}|{_ENC}          {_LABEL})")
"""Since 3.13 the entries of the block are in the order of their names."""
_FIELD: Final = re.compile(
    r'    (?:(lastmodified): "([0-9TZ:-]+)"'
    r"|(mac): (ENC\[[A-Za-z0-9+/=,:_]+\])"
    r"|(mac_only_encrypted): (true)"
    r"|(unencrypted_suffix): (_[a-z]+)"
    r"|(encrypted_regex): (\^[A-Za-z()|$]+)"
    r"|(version): ([0-9]+\.[0-9]+\.[0-9]+))\n"
)
_AGE: Final = "    age:\n"


def find_plain_block(text: str) -> tuple[int, int, BlockMap] | None:
    """Where the text before the block ends, the block's line and the block, or None."""
    end = text.rfind(_START) + 1
    position = end + len(_START) - 1
    if end == 0 or not text.startswith(_AGE, position):
        return None
    first = text.count("\n", 0, end) + 1
    block = BlockMap()
    line = block.line = first + 1
    position += len(_AGE)
    entries, position, line = _entries(text, position, line)
    block["age"] = entries
    while match := _FIELD.match(text, position):
        name, value = (part for part in match.groups() if part is not None)
        if name in block:
            return None
        line += 1
        block[name] = Block(value, plain=name != "lastmodified", line=line)
        position = match.end()
    return (end, first, block) if entries and position == len(text) else None


def _entries(text: str, position: int, line: int) -> tuple[BlockList, int, int]:
    entries = BlockList()
    entries.line = line + 1
    while match := _ENTRY.match(text, position):
        recipient, indented = match[1] or match[4], match[2] or match[3]
        label_first = match[1] is not None
        entry = BlockMap()
        entry.line = line + 1
        enc = indented.replace("            ", "")
        length = 1 + enc.count("\n")
        label_line = line + 1 if label_first else line + 1 + length
        entry["recipient"] = Block(recipient, plain=True, line=label_line)
        entry["enc"] = Block(enc, plain=False, line=line + 1 + label_first)
        entries.append(entry)
        line += 1 + length
        position = match.end()
    return entries, position, line
