"""What a push brings, ref by ref, as git tells its hooks.

Sources: githooks(5), "pre-push" and "pre-receive": one line a ref; an id of zeros is no object.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.git.messages import tags_at
from plana_secrets.git.ranges import leave_known
from plana_secrets.git.repository import Repository
from plana_secrets.git.trees import CommitTree
from plana_secrets.verify.ranges.ends import ends_between
from plana_secrets.verify.ranges.run import Ends
from plana_secrets.verify.ranges.said import Said, said_by

_HEADS: Final = "refs/heads/"
_DECRYPTED: Final = "refs/notes/textconv/"
"""Where git keeps the output of a diff driver with ``cachetextconv``, see gitattributes(5)."""


@dataclass(frozen=True, slots=True)
class Update:
    """A ref that a push moves. ``old`` None: it is new; ``new`` None: it is removed."""

    ref: str
    old: str | None
    new: str | None


def parse_received(content: bytes) -> list[Update]:
    """The lines that ``pre-receive`` gets: old id, new id, ref.

    Raises:
        UsageError: they are something else (kind ``bad-push``).
    """
    return [Update(ref, _id(old), _id(new)) for old, new, ref in _fields(content, 3)]


def parse_pushed(content: bytes) -> list[Update]:
    """The lines that ``pre-push`` gets: local ref, local id, remote ref, remote id.

    Raises:
        UsageError: as ``parse_received``.
    """
    return [Update(ref, _id(old), _id(new)) for _, new, ref, old in _fields(content, 4)]


def _fields(content: bytes, number: int) -> list[list[str]]:
    lines = [line.split(" ") for line in content.decode("utf-8", "surrogateescape").splitlines()]
    if any(len(line) != number for line in lines):
        raise UsageError("these are not the lines that git gives this hook", kind="bad-push")
    return lines


def _id(text: str) -> str | None:
    if not text or text.strip("0123456789abcdef"):
        raise UsageError("these are not the lines that git gives this hook", kind="bad-push")
    return text if text.strip("0") else None


@dataclass(frozen=True, slots=True)
class Receiver:
    """The other side of a push, as far as it is known here.

    ``known``: its commits, as arguments of git-rev-list. ``deployed``: the branches that are, or
    may be, deployed. ``tip``: of the first of them; what that demands counts for every other ref.
    """

    known: tuple[str, ...]
    deployed: tuple[str, ...]
    tip: str | None

    def deploys(self, update: Update) -> bool:
        """Whether what the ref holds is deployed; any branch may be where none is known to be."""
        if self.tip is None:
            return update.ref.startswith(_HEADS)
        return update.ref.removeprefix(_HEADS) in self.deployed


def know_receiver(
    repository: Repository,
    known: tuple[str, ...],
    refs: str,
    branch: str | None,
    branch_in: Callable[[CommitTree], str | None],
) -> Receiver:
    """``branch``: its default branch, whose settings (``branch_in``) may say that another one is
    deployed, too. ``refs``: where its branches are seen here.

    The default branch always counts as deployed: a change of it could name any other.
    """
    tip = repository.resolve(refs + branch) if branch is not None else None
    if branch is None or tip is None:
        return Receiver(known, (), None)
    try:
        chosen = branch_in(CommitTree(repository, tip))
    except UsageError:  # malformed settings demand nothing; a push may be what fixes them
        return Receiver(known, (), None)
    return Receiver(known, (branch, *([chosen] if chosen else [])), tip)


def order(updates: Sequence[Update], receiver: Receiver) -> list[Update]:
    """The deployed branch first: others that begin from it bring less."""
    return sorted(updates, key=lambda one: not receiver.deploys(one))


def ends_of_update(repository: Repository, update: Update, receiver: Receiver) -> Ends | None:
    """The range that an update brings; None where it brings no commit.

    The deployed branch is compared with what it holds, also by a push that takes commits back, and
    all that gets onto it is judged. Anything else is compared with where it leaves what the
    receiver has: what it has is judged already, and a person may rewrite a branch of their own.

    Raises:
        FailedError: the ref is to hold something else than a commit (kind ``no-commit``) or what
            git decrypted for a diff (kind ``textconv-notes``), or a deployed branch is to be
            removed (kind ``deployed-branch``).
    """
    deployed = receiver.deploys(update)
    if update.new is None:
        if deployed and receiver.tip is not None:
            message = f"{update.ref} is deployed, and the push removes it"
            raise FailedError(message, kind="deployed-branch", ref=update.ref)
        return None
    if update.ref.startswith(_DECRYPTED):
        message = f"{update.ref} holds files as a diff shows them: decrypted"
        raise FailedError(message, kind="textconv-notes", ref=update.ref)
    head = _commit_of(repository, update, update.new)
    said = tuple(_said_by(repository, update, update.new, head))
    old = _deployed_before(repository, update, receiver) if deployed else None
    if old is not None:
        return replace(ends_between(repository, old, head), base=old, said=said)
    base = leave_known(repository, head, receiver.known)
    if base == head and not said:
        return None
    ends = Ends(base, base, head, trusted=receiver.tip, known=receiver.known, said=said)
    return replace(ends, is_proposal=not deployed)


def _deployed_before(repository: Repository, update: Update, receiver: Receiver) -> str | None:
    """What a deployed branch held; one that was removed is compared with the default branch."""
    held = repository.resolve(update.old) if update.old is not None else None
    return held or receiver.tip


def _said_by(repository: Repository, update: Update, new: str, head: str) -> Iterator[Said]:
    """What the ref itself brings, as far as it may matter: its name, and an annotated tag."""
    texts = [Said("the name of a ref", os.fsencode(update.ref))]
    for tag in tags_at(repository, new) if new != head else ():
        texts.extend(said_by(f"the tag {update.ref}", tag))
    yield from (one for one in texts if one.may_matter)


def _commit_of(repository: Repository, update: Update, new: str) -> str:
    kind = repository.command.line("cat-file", "-t", f"{new}^{{}}")
    head = repository.resolve(new) if kind == "commit" else None
    if head is None:
        message = f"{update.ref} would hold a {kind}, and only commits can be checked"
        raise FailedError(message, kind="no-commit", ref=update.ref)
    return head


ADVICE: Final = {
    "bad-push": "let git run it: `plana-secrets hook install`",
    "deployed-branch": (
        "let [git] branch name another one on the default branch first, or update {ref} instead; "
        "if the default branch is another one now: `git remote set-head origin --auto`"
    ),
    "no-commit": "put it into a commit, and tag that",
    "textconv-notes": (
        "push without it; `git update-ref -d {ref}` removes it here, and `git config` shows which "
        "diff driver has cachetextconv: unset that"
    ),
}
