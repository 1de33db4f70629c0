"""The content of blobs, or of other objects. Sizes are asked first: what is too large is never
read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from plana_secrets import limits
from plana_secrets.errors import FailedError
from plana_secrets.git.command import GitCommand

_BLOBS: Final = ("blob",)
_MOST_BYTES: Final = 4 << 20
"""Held in memory at once: the use of memory stays flat in the number of files."""


def iterate_contents(
    command: GitCommand,
    ids: Sequence[str],
    *,
    limit: int = limits.SECRET_FILE,
    kinds: Collection[str] = _BLOBS,
) -> Iterator[tuple[str, bytes | FailedError]]:
    """Id and content of blobs, each id once; the error (kind ``too-large``) of a large one.

    ``kinds``: of the objects, as git calls them. One git tells all sizes, and one reads all
    contents, unless they are too many bytes.

    Raises:
        FailedError: a blob is not there (kind ``git-missing-object``).
    """
    batch: list[str] = []
    held = 0
    for object_id, size in sizes_of(command, list(dict.fromkeys(ids)), kinds):
        if size > limit:
            yield object_id, _too_large(object_id, limit)
            continue
        if batch and held + size > _MOST_BYTES:
            yield from _read(command, batch, kinds)
            batch, held = [], 0
        batch.append(object_id)
        held += size
    yield from _read(command, batch, kinds)


def _too_large(object_id: str, limit: int) -> FailedError:
    size = limits.in_words(limit)
    return FailedError(
        f"larger than {size}: git blob {object_id[:12]}",
        kind="too-large",
        file=f"git blob {object_id[:12]}",
        limit=size,
    )


def sizes_of(
    command: GitCommand, ids: Sequence[str], kinds: Collection[str] = _BLOBS
) -> list[tuple[str, int]]:
    """Id and size in bytes of blobs, in the same order. An id says what is in it: none is asked
    for twice.

    Raises:
        FailedError: a blob is not there (kind ``git-missing-object``).
    """
    unknown = [one for one in ids if one not in command.sizes]
    output = command.read("cat-file", "--batch-check", stdin=_request(unknown)) if unknown else b""
    command.sizes.update(_header(line, kinds) for line in output.splitlines())
    return [(one, command.sizes[one]) for one in ids]


def _read(
    command: GitCommand, ids: Sequence[str], kinds: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    output = command.read("cat-file", "--batch", stdin=_request(ids)) if ids else b""
    position = 0
    for _ in ids:
        end = output.index(b"\n", position)
        object_id, size = _header(output[position:end], kinds)
        yield object_id, output[end + 1 : end + 1 + size]
        position = end + size + 2


def _request(ids: Sequence[str]) -> bytes:
    return "".join(f"{object_id}\n" for object_id in ids).encode("ascii")


def _header(line: bytes, kinds: Collection[str]) -> tuple[str, int]:
    fields = line.decode("ascii").split(" ")
    if len(fields) != 3 or fields[1] not in kinds:
        raise FailedError(f"git has no object {fields[0]}", kind="git-missing-object", id=fields[0])
    return fields[0], int(fields[2])


def named_content(content: bytes | FailedError, file: str) -> bytes | FailedError:
    """The error of a blob names the file that it is in the commit."""
    if isinstance(content, bytes):
        return content
    facts = content.facts | {"file": file}
    return FailedError(
        f"larger than {facts['limit']}: {file}", kind=content.kind, retry=None, **facts
    )
