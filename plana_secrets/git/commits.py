"""A commit that is written first; HEAD moves to it afterwards.

``build_commit`` writes a commit beside the branch: neither the branch, nor the index,
nor a file changes. It can then be pushed, and only when that has worked does
``move_head`` move the branch. So a push that is refused leaves nothing behind.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from plana_secrets.errors import ConflictError, FailedError
from plana_secrets.git.author import Author, stand_in
from plana_secrets.git.command import GitCommand, failure
from plana_secrets.memory import private_folder
from plana_secrets.process import Completed
from plana_secrets.storage import read_regular_file, replace_file


def build_commit(
    git: GitCommand,
    files: Mapping[str, bytes | None],
    message: str,
    *,
    parent: str | None,
    moment: datetime | None = None,
    author: Author | None = None,
) -> str:
    """A commit on ``parent`` that differs from it in ``files`` only (None removes one).

    The hooks ``pre-commit`` and ``commit-msg`` judge it as they would judge any commit; what
    a hook adds to the index is not in it, for a formatter adds the file of the work tree,
    which is still the old one. It is signed where the person's settings ask for it.
    ``moment``: its date, by default what git's own clock says. ``author``: for a git that
    knows no one, see ``stand_in``.

    Raises:
        FailedError: a hook refused (kind ``hook-refused``), another git removed what was just
            stored (``git-pruned``), or git failed.
    """
    with private_folder() as folder:
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        _read_tree(git, parent, index)
        blobs = [_stage(git, file, content, parent, index) for file, content in files.items()]
        text = _judge(git, message, folder)
        tree = _one_line(git, "write-tree", "--missing-ok", environment=index)
    arguments = [*_signing(git), *(("-p", parent) if parent else ()), "-F", "-"]
    facts = _facts(git, moment, author)
    commit = _one_line(git, "commit-tree", tree, *arguments, stdin=text, environment=facts)
    _check_stored(git, [commit, tree, *filter(None, blobs)])
    return commit


def is_stored(git: GitCommand, commit: str) -> bool:
    """Whether a commit is here; one that is on no branch yet goes with `git gc --prune=now`."""
    return git.line("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}") is not None


def pruned() -> FailedError:
    return FailedError(
        "another git process removed the new commit before it was on the branch", kind="git-pruned"
    )


def _check_stored(git: GitCommand, ids: Sequence[str]) -> None:
    request = "".join(f"{one}\n" for one in ids).encode("ascii")
    answer = git.read("cat-file", "--batch-check", stdin=request)
    if any(line.endswith(b" missing") for line in answer.split(b"\n")):
        raise pruned()


def _facts(git: GitCommand, moment: datetime | None, author: Author | None) -> dict[str, str]:
    """Who commits and when, as far as git does not know it."""
    someone = stand_in(git, author) if author else {}
    if moment is None:
        return someone
    date = f"@{int(moment.timestamp())} +0000"
    return someone | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}


def move_head(git: GitCommand, commit: str, *, expected: str | None) -> None:
    """Move HEAD's branch from ``expected`` to ``commit``; index and files stay.

    Raises:
        ConflictError: the branch is no longer at ``expected`` (kind ``branch-moved``).
    """
    done = git.write("update-ref", "-m", "commit (plana-secrets)", "HEAD", commit, expected or "")
    if done.status != 0:
        if git.line("rev-parse", "--quiet", "--verify", "HEAD^{commit}") != expected:
            raise ConflictError("the branch was moved by another run", kind="branch-moved")
        raise failure("update-ref", done)


def squash(
    git: GitCommand,
    head: str,
    message: str,
    *,
    parent: str,
    moment: datetime | None = None,
    author: Author | None = None,
) -> str:
    """Move HEAD from ``head`` to one commit on ``parent`` with the same files; its id.

    Raises:
        ConflictError: as ``move_head``.
    """
    commit = _one_line(
        git, "commit-tree", f"{head}^{{tree}}", *_signing(git), "-p", parent, "-F", "-",
        stdin=message.encode(), environment=_facts(git, moment, author),
    )  # fmt: skip
    move_head(git, commit, expected=head)
    return commit


def refresh_index(git: GitCommand, commit: str, files: Sequence[str]) -> None:
    """Let the index say of ``files`` what ``commit`` says; other files stay as staged.

    No filter is started: one of another file may not be installed here, and `git reset`
    would fail for it.
    """
    listed = git.read("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *files)
    entries = {
        os.fsdecode(record.partition(b"\t")[2]): record for record in listed.split(b"\0") if record
    }
    removal = b"0 " + b"0" * len(commit) + b"\t"
    records = [entries.get(file, removal + os.fsencode(file)) + b"\0" for file in files]
    unfiltered = _without_filters(git)
    done = git.write(*unfiltered, "update-index", "-z", "--index-info", stdin=b"".join(records))
    _checked(done, "update-index")
    # the times of the files; where that fails, git compares their contents later
    git.write(*unfiltered, "--literal-pathspecs", "add", "--refresh", "--", *entries)


def _without_filters(git: GitCommand) -> list[str]:
    pattern = r"^filter\..*\.(clean|process|required)$"
    done = git.look("config", "-z", "--name-only", "--get-regexp", pattern, answers=(0, 1))
    names = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name and b"=" not in name}
    return [word for name in sorted(names) for word in ("-c", f"{name}=")]


def describe(git: GitCommand, commit: str) -> tuple[list[str], set[str]]:
    """The parents of ``commit``, and the files in which it differs from the first."""
    line = git.read("rev-list", "--no-walk", "--parents", commit).decode("ascii")
    output = git.read(
        "diff-tree", "-r", "-z", "--root", "--no-commit-id", "--name-only", "--no-renames",
        "--first-parent", "-m", commit,
    )  # fmt: skip
    return line.split()[1:], {os.fsdecode(name) for name in output.split(b"\0") if name}


def _read_tree(git: GitCommand, parent: str | None, index: Mapping[str, str]) -> None:
    argument = parent or "--empty"
    _checked(git.write("read-tree", argument, environment=index), "read-tree")


def _stage(
    git: GitCommand,
    file: str,
    content: bytes | None,
    parent: str | None,
    index: Mapping[str, str],
) -> str | None:
    """Put a file into the index; the id of its content, None where it is removed."""
    if content is None:
        done = git.write("update-index", "--force-remove", "--", file, environment=index)
        _checked(done, "update-index")
        return None
    blob = _one_line(git, "hash-object", "-w", "--no-filters", "--stdin", stdin=content)
    mode = _mode(git, file, parent)
    record = f"{mode} {blob}\t".encode("ascii") + os.fsencode(file) + b"\0"
    done = git.write("update-index", "-z", "--index-info", stdin=record, environment=index)
    _checked(done, "update-index")
    return blob


def _mode(git: GitCommand, file: str, parent: str | None) -> str:
    """The mode that the file has in the parent; a new secret file is a plain one."""
    if parent:
        entry = git.read("--literal-pathspecs", "ls-tree", "--full-tree", parent, "--", file)
        if entry.startswith(b"100755"):
            return "100755"
    return "100644"


def _judge(git: GitCommand, message: str, folder: Path) -> bytes:
    """The message as the hooks leave it; they see a copy of the index in ``folder``."""
    shown = folder / "shown"
    replace_file(shown, (folder / "index").read_bytes(), mode=0o600)
    index = {"GIT_INDEX_FILE": str(shown)}
    place = folder / "message"
    text = message if message.endswith("\n") else f"{message}\n"
    replace_file(place, text.encode("utf-8"), mode=0o600)
    for hook, arguments in (("pre-commit", ()), ("commit-msg", ("--", str(place)))):
        command = ("hook", "run", "--ignore-missing", hook, *arguments)
        done = git.run_open(*command, environment=index)
        if done.status != 0 and b"is not a git command" not in done.stderr:
            raise FailedError(f"the hook {hook} refused the commit", kind="hook-refused", hook=hook)
    return read_regular_file(place)


def _signing(git: GitCommand) -> list[str]:
    """commit-tree does not look at commit.gpgSign by itself."""
    return ["-S"] if git.line("config", "--type=bool", "commit.gpgSign") == "true" else []


def _one_line(
    git: GitCommand,
    *arguments: str,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> str:
    done = git.write(*arguments, stdin=stdin, environment=environment)
    _checked(done, arguments[0])
    return done.stdout.decode("ascii").strip()


def _checked(done: Completed, command: str) -> None:
    if done.status != 0:
        raise failure(command, done)


ADVICE: Final = {
    "branch-moved": "run it again",
    "hook-refused": "`git commit` shows the message of the hook",
}
