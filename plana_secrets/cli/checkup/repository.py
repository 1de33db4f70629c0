"""The repository: its settings and rules, what git does with secret files, what was left over."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from plana_secrets.cli.checkup.result import Result, from_error
from plana_secrets.counts import counted
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.roots import folders_of
from plana_secrets.secretfiles.workspace import NO_RULES
from plana_secrets.sops.model import Severity

if TYPE_CHECKING:
    from plana_secrets.cli.context import Context
    from plana_secrets.git.repository import Repository
    from plana_secrets.secretfiles.snapshot import Snapshot

_PLAINTEXT_COPIES = (
    "*~", "*.bak", "*.orig", "*.rej", ".*.sw?", "#*#", ".#*",
    "*.dec.*", "*.decrypted.*", "decrypted_*", "*.plain.*", "*.plaintext.*",
)  # fmt: skip
_RECOVER = "plana-secrets recover"


def check_repository(context: Context) -> Iterator[Result]:
    from plana_secrets.git.command import NoRepositoryError

    try:
        repository = context.repository
    except PlanaSecretsError as error:
        outside = isinstance(error, NoRepositoryError)
        yield from_error("repository", error, Severity.NOTE if outside else Severity.ERROR)
        return
    yield Result("repository", f"repository {repository.root}")
    yield from _guarded("git-textconv", functools.partial(_check_textconv, repository))
    try:
        workspace = context.workspace
    except PlanaSecretsError as error:
        yield from_error("config", error, Severity.ERROR)
        return
    from plana_secrets.secretfiles.snapshot import work_tree

    snapshot = work_tree(workspace)
    looks = (_guarded(check, functools.partial(look, snapshot)) for check, look in _CHECKS.items())
    yield from _once(result for results in looks for result in results)


def _once(results: Iterable[Result]) -> Iterator[Result]:
    """What several looks stumble over is told once."""
    told: set[str] = set()
    for result in results:
        if result.message not in told:
            told.add(result.message)
            yield result


def _guarded(check: str, look: Callable[[], Iterator[Result]]) -> Iterator[Result]:
    """What cannot be looked at is an error of its own, not the end of the others."""
    try:
        yield from look()
    except PlanaSecretsError as error:
        yield from_error(check, error, Severity.ERROR)


def _check_textconv(repository: Repository) -> Iterator[Result]:
    """With a cache, git writes what a textconv filter decrypts into notes, in plaintext."""
    git = repository.command
    pattern = r"^diff\..*\.cachetextconv$"
    done = git.look("config", "--show-scope", "--type=bool", "--get-regexp", pattern)
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        scope, _, setting = line.partition("\t")
        name, _, value = setting.rpartition(" ")
        if value == "true":
            yield Result(
                "git-textconv",
                f"git stores decrypted text in its objects ({name})",
                Severity.ERROR,
                f"git config --{scope} --unset {name}",
            )
    notes = git.read("for-each-ref", "--format=%(refname)", "refs/notes/textconv")
    for reference in notes.decode("utf-8", "replace").split():
        yield Result(
            "git-textconv",
            f"{reference} may contain decrypted text",
            Severity.ERROR,
            f"git update-ref -d {reference} && git gc --prune=now, then rotate its "
            "values if it was ever pushed",
        )


def _check_rules(snapshot: Snapshot) -> Iterator[Result]:
    every = snapshot.rule_book.known
    if not every:
        error = snapshot.workspace.no_rules(NO_RULES)
        yield from_error("rules", error, Severity.WARNING)
    for rules in every:
        number = counted(len(rules.creation_rules), "creation rule")
        if not rules.defects:
            yield Result("rules", f"{rules.file} has {number}")
        for defect in rules.defects:
            place = rules.file if defect.line is None else f"{rules.file}:{defect.line}"
            message = f"{place}: {defect.message}"
            fix = rules.repair_of(defect) or f"edit {shlex.quote(rules.file)}"
            yield Result("rules", message, defect.severity, fix)


def _check_attributes(snapshot: Snapshot) -> Iterator[Result]:
    """What git is told to do with secret files beyond storing them."""
    from plana_secrets.git.search import attributes_of
    from plana_secrets.verify.checks.attributes import check_attributes

    entries = attributes_of(snapshot.tree.repository, snapshot.secret_files)
    files: dict[tuple[str, Severity], list[str]] = {}
    for finding in check_attributes(entries):
        files.setdefault((finding.message, finding.severity), []).append(finding.file or "")
    for (message, severity), named in files.items():
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        yield Result(
            "git-attributes",
            f"{named[0]}{more}: {message}",
            severity,
            "remove these attributes for secret files from .gitattributes",
        )


def _check_leftovers(snapshot: Snapshot) -> Iterator[Result]:
    from plana_secrets.memory import find_stale_folders
    from plana_secrets.secretfiles.writing.lock import leftovers

    root = snapshot.workspace.root
    for path in leftovers(snapshot.workspace):
        yield Result(
            "leftover",
            f"{path.relative_to(root)} was left behind by an interrupted run",
            Severity.WARNING,
            _RECOVER,
        )
    for folder in find_stale_folders():
        yield Result(
            "leftover",
            f"{folder} was left behind by an interrupted run",
            Severity.WARNING,
            _RECOVER,
        )


def _check_journal(snapshot: Snapshot) -> Iterator[Result]:
    from plana_secrets.secretfiles.writing.journal import pending

    found = pending(snapshot.workspace)
    if found is not None:
        message = f"`{found.operation}` was interrupted"
        yield Result("journal", message, Severity.ERROR, _RECOVER)


def _check_copies(snapshot: Snapshot) -> Iterator[Result]:
    """Names under which editors and people leave plaintext beside a secret file."""
    folders = folders_of(snapshot.settings.roots)
    ignored = snapshot.tree.repository.ignored_files(under=folders) if folders else ()
    for file in sorted({*snapshot.listing.staged, *snapshot.entries, *ignored}):
        if not is_under_roots(snapshot.settings, file):
            continue
        if glob_match(_PLAINTEXT_COPIES, file):
            yield Result(
                "plaintext-copy",
                f"{file} looks like an unencrypted copy",
                Severity.WARNING,
                "delete it once its values are in a secret file; if it was ever "
                "committed, rotate them",
            )


_CHECKS: dict[str, Callable[[Snapshot], Iterator[Result]]] = {
    "rules": _check_rules,
    "git-attributes": _check_attributes,
    "leftover": _check_leftovers,
    "journal": _check_journal,
    "plaintext-copy": _check_copies,
}
