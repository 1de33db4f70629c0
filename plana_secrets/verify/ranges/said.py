"""What a repository says outside of files: commits, annotated tags, names of refs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.git.messages import stored_objects, tags_of
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.checks.identities import may_hold_identity
from plana_secrets.verify.checks.leaks import KEY_MARKS, find_key
from plana_secrets.verify.filecheck import FileJob
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.ranges.middle import identities_in

_KEY_MARKS: Final = tuple(mark.encode() for mark in KEY_MARKS)


@dataclass(frozen=True, slots=True)
class Said:
    """``where``: what says it, in words. ``commit``: its id, if it is one."""

    where: str
    content: bytes | FailedError
    commit: str | None = None

    @property
    def may_matter(self) -> bool:
        """A quick look."""
        content = self.content
        if not isinstance(content, bytes) or may_hold_identity(content):
            return True
        return any(mark in content for mark in _KEY_MARKS)


def said_by(where: str, content: bytes | FailedError, commit: str | None = None) -> Iterator[Said]:
    """A commit or a tag as it is stored: its message, and the lines before it."""
    if isinstance(content, FailedError):
        yield Said(where, content, commit)
        return
    head, _, message = content.partition(b"\n\n")
    yield Said(f"the message of {where}", message, commit)
    yield Said(f"the header of {where}", head, commit)


def check_all_said(
    job: FileJob, commits: Sequence[str], head: str, beside: Sequence[Said] | None
) -> Iterator[Finding]:
    """What commits say, and what comes with them; None: the tags that lead to them in this clone.

    Private keys there nothing but a new history, or another tag, takes out again.
    """
    repository = job.snapshot.tree.repository
    for commit, content in stored_objects(repository, commits):
        for one in said_by("this commit", content, commit):
            yield from _check(job, one)
    if beside is None:
        tags = tags_of(repository, {*commits, head})
        beside = [one for name, tag in tags for one in said_by(f"the tag {name}", tag)]
    for one in beside:
        yield from _check(job, one)


def _check(job: FileJob, said: Said) -> Iterator[Finding]:
    if not said.may_matter:
        return
    content = said.content
    if isinstance(content, FailedError):
        problem = found("too-large", "is too large to be searched", file=None)
        yield _in(said, problem)
        return
    for one in identities_in(job, "", content, inside=False):
        yield _in(said, one)
    if find_key(content):
        yield _in(said, found("plaintext-key", "contains a private key", file=None))


def _in(said: Said, one: Finding) -> Finding:
    return replace(
        one, file=None, line=None, message=f"{said.where} {one.message}", commit=said.commit
    )
