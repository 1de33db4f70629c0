"""What is to be checked, and the checks of the repository around the secret files."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from plana_secrets import limits
from plana_secrets.document.kinds import FileKind
from plana_secrets.errors import FailedError
from plana_secrets.git.search import attributes_of, files_containing
from plana_secrets.secretfiles.listing import glob_match
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace
from plana_secrets.sops.model import Severity
from plana_secrets.sops.rules.rulesfile import Rules
from plana_secrets.storage import is_temporary, path_below, read_regular_file
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.checks.attributes import check_attributes
from plana_secrets.verify.checks.copies import CopyFinder
from plana_secrets.verify.checks.flux import FLUX_MARK, check_flux, flux_paths
from plana_secrets.verify.checks.identities import MARK, check_identities
from plana_secrets.verify.checks.names import check_names
from plana_secrets.verify.checks.strangers import (
    check_kind,
    check_plain,
    is_of_git_or_sops,
    unreadable,
)
from plana_secrets.verify.filecheck import FileResult
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policy import Policy


@dataclass(frozen=True, slots=True)
class Listing:
    """``secret``: what has to be encrypted, or is denied; ``plain``: what may be readable.

    ``whole`` is False where only some files were asked for: then nothing is said about
    the repository as such. ``absent``: secret files that a sparse checkout leaves out.
    """

    secret: tuple[str, ...]
    plain: tuple[str, ...]
    whole: bool
    absent: tuple[str, ...] = ()


def list_files(workspace: Workspace, chosen: Sequence[str] | None) -> Listing:
    """Every file under the roots that git tracks or would add, or the chosen ones.

    Nothing under the roots is passed over because of its name: what is neither a secret
    file nor listed as plain is denied; what a killed run left behind counts once it is
    tracked. A tracked file that is gone from the disk is a change under way, not a finding,
    unless the checkout is sparse. A chosen folder means the files in it.
    """
    roots, repository = workspace.settings.roots, workspace.repository
    files = set(chosen or ())
    folders = {file for file in files if _is_folder(workspace.root / file)}
    if chosen is None or folders:
        known = repository.tracked_files(under=roots)
        known += (one for one in repository.untracked_files(under=roots) if not _is_leftover(one))
        files.update(file for file in known if chosen is None or _lies_below(file, folders))
    secret: list[str] = []
    plain: list[str] = []
    gone: set[str] = set()
    for file in sorted(files - folders):
        if _is_gone(workspace.root / file):
            gone.add(file)
            continue
        (plain if _is_readable(workspace, file) else secret).append(file)
    left_out = gone.intersection(work_tree(workspace).absent) if gone else ()
    absent = sorted(file for file in left_out if not _is_readable(workspace, file))
    return Listing(tuple(secret), tuple(plain), chosen is None, tuple(absent))


def _is_readable(workspace: Workspace, file: str) -> bool:
    return is_of_git_or_sops(file) or glob_match(workspace.settings.plain, file)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def _is_gone(path: Path) -> bool:
    """Whether there is no such file; a folder that may not be entered hides it, that is all."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _is_leftover(file: str) -> bool:
    return is_temporary(file.rpartition("/")[2])


def _lies_below(file: str, folders: Collection[str]) -> bool:
    return any(file.startswith(f"{folder}/") for folder in folders)


def check_surroundings(
    workspace: Workspace,
    listing: Listing,
    rules: Rules | None,
    policy: Policy,
    results: Sequence[FileResult],
) -> Iterator[Finding]:
    """Everything keyless that no single secret file shows."""
    yield from check_attributes(attributes_of(workspace.repository, listing.secret))
    yield from _check_plain_files(workspace, listing.plain)
    copies = CopyFinder()
    for result in sorted(results, key=lambda one: one.file):
        yield from copies.add(result.file, result.sketch)
    if listing.whole:
        yield from check_names(sorted({*listing.secret, *listing.plain, *listing.absent}))
        yield from _check_roots(workspace.settings.roots, listing.secret)
        yield from check_rules(rules, listing.secret)
        yield from _check_marked_files(workspace, listing, rules, policy, results)


def _check_roots(roots: Sequence[str], files: Sequence[str]) -> Iterator[Finding]:
    """A root without any secret file is misspelt, or has moved away."""
    for place, root in enumerate(roots):
        folder = root.strip("/")
        if not any(_lies_below(file, {folder}) or file == folder for file in files):
            message = f"no secret files under {folder}"
            yield found("empty-root", message, file=SETTINGS_FILE, path=f"files.roots[{place}]")


def check_rules(rules: Rules | None, files: Sequence[str]) -> Iterator[Finding]:
    """What is wrong with ``.sops.yaml``; ``files`` are those that have to be encrypted by it.

    How other files of the repository are encrypted is their owners' choice.
    """
    if rules is None:
        yield found("rules-missing", "no .sops.yaml at the root", file=RULES_FILE)
        return
    elsewhere = _rules_for_others(rules, files)
    for defect in rules.defects:
        severity = defect.severity
        if defect.check == "rules-other-keys" and _rule_at(rules, defect.line) in elsewhere:
            severity = Severity.NOTE
        yield Finding(defect.check, severity, defect.message, RULES_FILE, defect.line)


def _rules_for_others(rules: Rules, files: Sequence[str]) -> set[int]:
    """The positions of the rules that decide none of ``files``."""
    if all(one.check != "rules-other-keys" for one in rules.defects):
        return set()
    positions = {rule.position for rule in rules.creation_rules}
    return positions - {rule.position for file in files if (rule := rules.rule_for(file))}


def _rule_at(rules: Rules, line: int | None) -> int:
    """The position of the rule that a line of ``.sops.yaml`` is part of."""
    return max(
        (rule.position for rule in rules.creation_rules if rule.line <= (line or 0)), default=0
    )


def _check_plain_files(workspace: Workspace, files: Sequence[str]) -> Iterator[Finding]:
    for file in files:
        problems = list(check_kind(workspace.root, file))
        yield from problems
        try:
            content = read_regular_file(
                path_below(workspace.root, file), limit=limits.READABLE_FILE
            )
        except FailedError as error:
            if not problems:
                yield unreadable(file, error)
            continue
        listed = glob_match(workspace.settings.plain, file)
        yield from check_plain(file, content, listed=listed)


def _check_marked_files(
    workspace: Workspace,
    listing: Listing,
    rules: Rules | None,
    policy: Policy,
    results: Sequence[FileResult],
) -> Iterator[Finding]:
    """Files anywhere in the repository that hold an identity or tell Flux what to build.

    Tracked ones, and the readable ones under the roots, which nothing else looks into.
    """
    allowed = frozenset(one.key for one in policy.recipients.values() if one.kind == "demo")
    used = {one.key for one in policy.recipients.values()}
    for rule in rules.creation_rules if rules else ():
        used.update(rule.recipients)
    under_roots = {*listing.secret, *listing.plain}
    built: set[str] = set()
    large = _large_files(workspace)
    marked = files_containing(workspace.repository, (MARK, FLUX_MARK), besides=large)
    for file in sorted(large - under_roots):
        message = f"larger than {limits.in_words(limits.SEARCHED_FILE)}: not searched"
        yield found("too-large", message, file=file, severity=Severity.NOTE)
    for file in sorted({*marked, *listing.plain} - large):
        content = _content_of(workspace, file)
        yield from check_identities(
            file, content, allowed=allowed, used=frozenset(used), inside=file in under_roots
        )
        if file.endswith((".yaml", ".yml")) and len(content) <= limits.READABLE_FILE:
            built.update(flux_paths(content))
    yield from check_flux(
        [one.file for one in results if one.kind is FileKind.KEYSET],
        [one.file for one in results if one.kind is FileKind.SECRET_MANIFEST],
        built,
        under_roots,
    )


def _large_files(workspace: Workspace) -> set[str]:
    """Tracked files that are too large to look through, for git's search too."""
    large = set()
    for file in workspace.repository.tracked_files():
        try:
            size = os.lstat(f"{workspace.root}/{file}").st_size
        except OSError:
            continue
        if size > limits.SEARCHED_FILE:
            large.add(file)
    return large


def _content_of(workspace: Workspace, file: str) -> bytes:
    """The bytes of a file anywhere in the repository; what cannot be read here holds nothing."""
    try:
        return read_regular_file(path_below(workspace.root, file), limit=limits.SEARCHED_FILE)
    except FailedError:
        return b""
