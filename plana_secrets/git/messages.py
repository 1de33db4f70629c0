"""Commits and annotated tags as they are stored: their messages, names and every other line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from plana_secrets import limits
from plana_secrets.errors import FailedError
from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.repository import Repository

_KINDS: Final = ("commit", "tag")
_DEEPEST: Final = 20
"""So many tags of tags are followed; people write none."""

Stored = bytes | FailedError


def stored_objects(repository: Repository, ids: Sequence[str]) -> Iterator[tuple[str, Stored]]:
    """Id and bytes of commits or tags, each once; the error (kind ``too-large``) of a large one.

    A commit may name an encoding in which nothing is to be read, so nothing is decoded.
    """
    limit = limits.SEARCHED_FILE
    return iterate_contents(repository.command, ids, limit=limit, kinds=_KINDS)


def tags_of(repository: Repository, commits: Collection[str]) -> Iterator[tuple[str, Stored]]:
    """The annotated tags of this clone that lead to one of some commits: ref and bytes."""
    output = repository.command.read(
        "for-each-ref", "--format=%(objecttype) %(objectname) %(refname)", "refs/tags"
    )
    lines = (line.split(" ", 2) for line in output.decode("utf-8", "surrogateescape").splitlines())
    named = [(name, one) for kind, one, name in lines if kind == "tag"]
    contents = dict(stored_objects(repository, [one for _, one in named]))
    for name, one in named:
        chain = list(_chain(repository, contents[one]))
        if not isinstance(chain[-1], bytes) or _target(chain[-1]) in commits:
            yield from ((name, content) for content in chain)


def tags_at(repository: Repository, tag: str) -> list[Stored]:
    """An annotated tag by its id, and those that it is a tag of."""
    ((_, content),) = stored_objects(repository, [tag])
    return list(_chain(repository, content))


def _chain(repository: Repository, content: Stored) -> Iterator[Stored]:
    for _ in range(_DEEPEST):
        yield content
        if not isinstance(content, bytes) or content.split(b"\n", 2)[1] != b"type tag":
            return
        ((_, content),) = stored_objects(repository, [_target(content)])
    raise FailedError(f"a tag leads through more than {_DEEPEST} tags", kind="deep-tag")


def _target(tag: bytes) -> str:
    """Source: git's tag.c, parse_tag_buffer: ``object ID`` and ``type KIND`` are first."""
    return tag.partition(b"\n")[0].removeprefix(b"object ").decode("ascii")


ADVICE: Final = {
    "deep-tag": "tag the commit itself: `git tag --annotate NAME COMMIT`",
}
