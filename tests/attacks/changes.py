"""How the text of a secret file is changed. Every change fails where it finds nothing to change."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pyrage

Change = Callable[[str], str]


def sub(pattern: str, replacement: str) -> Change:
    """Replace the first match."""

    def change(text: str) -> str:
        changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
        assert count == 1, pattern
        return changed

    return change


def append(lines: str) -> Change:
    """Lines before the metadata."""
    return swap("\nsops:\n", f"\n{lines}\nsops:\n")


def in_metadata(lines: str) -> Change:
    return swap("\nsops:\n", f"\nsops:\n    {lines}\n")


def behind(lines: str) -> Change:
    return lambda text: f"{text}{lines}"


def before(lines: str) -> Change:
    return lambda text: f"{lines}{text}"


def swap(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return change


def alter(key: str, how: Change) -> Change:
    """Change the encrypted value of a key."""

    def change(text: str) -> str:
        match = re.search(rf"^ *{re.escape(key)}: (ENC\[.*\])$", text, re.MULTILINE)
        assert match is not None, key
        return text.replace(match[1], how(match[1]), 1)

    return change


def retype(key: str, new: str) -> Change:
    return alter(key, lambda value: re.sub(r"type:\w+\]", f"type:{new}]", value))


def drop(start: str) -> Change:
    return lambda text: text.replace(line_of(text, start), "", 1)


def line_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines(keepends=True) if line.strip().startswith(start))


def value_of(text: str, key: str) -> str:
    return line_of(text, f"{key}:").split(" ENC", 1)[1]


def in_turn(*changes: Change) -> Change:
    def change(text: str) -> str:
        for one in changes:
            text = one(text)
        return text

    return change


def first_comment(text: str) -> str:
    return line_of(text, "#ENC")


def on_comment(how: Change) -> Change:
    """Change the first encrypted comment, a whole line."""
    return lambda text: text.replace(first_comment(text), how(first_comment(text)), 1)


def loosen_padding(text: str) -> str:
    """Set a bit behind the last byte of a tag: the same bytes to a lax decoder."""
    return re.sub(
        r"tag:([^,]+)([AQgw])==", lambda m: f"tag:{m[1]}{chr(ord(m[2]) + 1)}==", text, count=1
    )


def shift_tag(text: str) -> str:
    """Move the last byte of the data in front of the tag."""
    match = re.search(r"data:([^,]+),iv:[^,]+,tag:([^,]+),", text)
    assert match
    data, tag = (base64.b64decode(part) for part in match.groups())
    moved = (data[:-1], data[-1:] + tag)
    for old, new in zip(match.groups(), moved, strict=True):
        text = text.replace(old, base64.b64encode(new).decode(), 1)
    return text


def swap_values(one: str, other: str) -> Change:
    """Each of two keys gets the other's ciphertext."""

    def change(text: str) -> str:
        first, second = value_of(text, one), value_of(text, other)
        return text.replace(first, "@").replace(second, first).replace("@", second)

    return change


def swap_labels(text: str) -> str:
    """Each of two recipients gets the other's age file."""
    first, second = re.findall(r"recipient: (age1\S+)", text)[:2]
    return text.replace(first, "@").replace(second, first).replace("@", second)


def relabel(text: str) -> str:
    """Give the first entry another label; the age file stays."""
    return text.replace(re.findall(r"recipient: (age1\S+)", text)[0], stranger(), 1)


def entries_of(text: str) -> list[str]:
    """The entries of the recipients, whichever of their two fields a release writes first."""
    return re.findall(r"        - (?:enc|recipient): .*\n(?:          .*\n)+", text)


def with_stranger(text: str) -> str:
    """One more recipient, who has somebody else's age file."""
    entry = entries_of(text)[0]
    return text.replace(entry, entry + re.sub(r"age1\w+", stranger(), entry), 1)


def with_second_entry(text: str) -> str:
    """The age file of another reader, once more under the label of the first."""
    first, other = entries_of(text)[:2]
    labels = [re.findall(r"age1\w+", one)[0] for one in (first, other)]
    return text.replace(first, first + other.replace(labels[1], labels[0]), 1)


def without_recipient(text: str) -> str:
    return text.replace(entries_of(text)[1], "", 1)


def stranger() -> str:
    return str(pyrage.x25519.Identity.generate().to_public())


def second_stanza(text: str) -> str:
    """A hidden reader: one more stanza in the header of an age file, behind a label of ours."""
    entry = entries_of(text)[0]
    lines = [line.strip() for line in entry.splitlines()]
    start, end = lines.index(_BEGIN) + 1, lines.index(_END)
    content = base64.b64decode("".join(lines[start:end]))
    header, mac = content.split(b"\n--- ", 1)
    stanza = header.split(b"\n-> ", 1)[1]
    forged = header + b"\n-> " + stanza + b"\n--- " + mac
    body = base64.b64encode(forged).decode()
    wrapped = [body[at : at + 64] for at in range(0, len(body), 64)]
    old = "\n".join(f"            {one}" for one in lines[start:end])
    new = "\n".join(f"            {one}" for one in wrapped)
    assert old in text
    return text.replace(old, new, 1)


_BEGIN, _END = "-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----"
STAMP = r'lastmodified: "([^"]*)Z"'
