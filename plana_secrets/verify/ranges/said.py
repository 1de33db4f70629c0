"""What a repository says outside of files: commits, annotated tags, names of refs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.errors import FailedError
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.checks.identities import may_hold_identity
from plana_secrets.verify.checks.leaks import KEY_MARK, find_key
from plana_secrets.verify.filecheck import FileJob
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.ranges.middle import identities_in

_KEY_MARK: Final = KEY_MARK.encode()


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
        return not isinstance(content, bytes) or _KEY_MARK in content or may_hold_identity(content)


def said_by(where: str, content: bytes | FailedError, commit: str | None = None) -> Iterator[Said]:
    """A commit or a tag as it is stored: its message, and the lines before it."""
    if isinstance(content, FailedError):
        yield Said(where, content, commit)
        return
    head, _, message = content.partition(b"\n\n")
    yield Said(f"the message of {where}", message, commit)
    yield Said(f"the header of {where}", head, commit)


def check_said(job: FileJob, said: Said) -> Iterator[Finding]:
    """Private keys that nothing but a new history, or another tag, takes out again."""
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
