"""The checks of the repository around the secret files."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Sequence

from plana_secrets import limits
from plana_secrets.document.kinds import FileKind
from plana_secrets.errors import FailedError
from plana_secrets.git.remotes import remote_addresses
from plana_secrets.git.search import attributes_of, files_excluded_by
from plana_secrets.secretfiles.discovery import is_exempt_by_hand
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.roots import folders_of, in_roots
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.secretfiles.workspace import RULES_FILE
from plana_secrets.sops.model import Severity
from plana_secrets.verify.builds import FLUX_MARKS, SOURCE_IGNORE, Build, Flux
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.checks.attributes import check_attributes
from plana_secrets.verify.checks.copies import CopyFinder
from plana_secrets.verify.checks.flux import check_builds, check_neighbours, judge_variables
from plana_secrets.verify.checks.formers import check_former_readers
from plana_secrets.verify.checks.identities import (
    IDENTITY_MARKS,
    check_file_names,
    identity_search,
)
from plana_secrets.verify.checks.names import check_names, check_root_names, check_settings_names
from plana_secrets.verify.checks.rulelint import lint_rules
from plana_secrets.verify.checks.rules import check_deciding, check_ignored, check_rules
from plana_secrets.verify.checks.signers import check_signers
from plana_secrets.verify.checks.typed import check_typed, is_read_by_all
from plana_secrets.verify.filecheck import FileResult
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.kustomize import Tree
from plana_secrets.verify.policy import Policy
from plana_secrets.verify.selection import Selection


def check_surroundings(
    snapshot: Snapshot, selection: Selection, policy: Policy, results: Sequence[FileResult]
) -> Iterator[Finding]:
    """Everything keyless that no single file shows."""
    yield from check_attributes(attributes_of(snapshot.tree.repository, selection.secret))
    copies = CopyFinder()
    for result in sorted(results, key=lambda one: one.file):
        yield from copies.add(result.file, result.sketch)
    if snapshot.is_work_tree or snapshot.commit is not None:
        # before a commit there is no time for the history: it is checked before the push
        yield from check_former_readers(snapshot, selection.secret, policy)
    if selection.whole or RULES_FILE in selection.elsewhere:
        yield from check_rules(snapshot.rule_book, selection.secret)
        yield from _lint_rules(snapshot, selection, policy)
    else:
        yield from check_deciding(snapshot.rule_book, selection.secret)
    if selection.whole:
        every = {*selection.secret, *selection.plain, *selection.absent}
        yield from check_names(sorted(every))
        entries = snapshot.tree.listing().entries
        yield from check_settings_names(entries)
        yield from check_root_names(entries, snapshot.settings.roots)
        yield from check_ignored([*entries])
        if policy.allowed_signers is not None:
            yield from check_signers(snapshot, policy.allowed_signers)
        yield from _check_roots(snapshot.settings.roots, selection.secret)
        yield from _check_ways(snapshot)
        yield from _check_marked_files(snapshot, selection, policy, results)
    else:
        for result in results:
            yield from result.variables


def _lint_rules(snapshot: Snapshot, selection: Selection, policy: Policy) -> Iterator[Finding]:
    book = snapshot.rule_book
    for rules in book.known:
        files = [one for one in selection.secret if book.rules_for(one) is rules]
        yield from lint_rules(rules, folders_of(snapshot.settings.roots), files, policy)


def _check_roots(roots: Sequence[str], files: Sequence[str]) -> Iterator[Finding]:
    """A root without any secret file is misspelt, or has moved away, if there is one elsewhere."""
    for place, root in enumerate(roots if files else ()):
        if not any(map(in_roots((root,)), files)):
            message = f"no secret files under {root.strip('/')}"
            yield found("empty-root", message, file=SETTINGS_FILE, path=f"files.roots[{place}]")


def _check_ways(snapshot: Snapshot) -> Iterator[Finding]:
    """A symlink above a root leads programs to files that are not under it, and not checked."""
    entries = snapshot.tree.listing().entries
    folders = [f"{folder}/" for folder in folders_of(snapshot.settings.roots)]
    for name, entry in entries.items():
        is_above = entry.is_link and any(folder.startswith(f"{name}/") for folder in folders)
        if is_above and not is_under_roots(snapshot.settings, name):
            yield found("file-kind", "a symlink above a secret folder", file=name)


def _check_marked_files(
    snapshot: Snapshot, selection: Selection, policy: Policy, results: Sequence[FileResult]
) -> Iterator[Finding]:
    """Files anywhere in the repository that hold an identity or tell Flux what to build.

    Tracked ones, and the readable ones under the roots, which nothing else looks into; and the
    rules and settings, in which people type passwords.
    """
    find = identity_search(policy, snapshot.rule_book.known)
    under_roots = {*selection.secret, *selection.plain}
    flux = Flux()
    listing = snapshot.tree.listing()
    tracked = (listing.staged if snapshot.is_work_tree else listing.entries).keys()
    large, marked = snapshot.large_files & tracked, _marked(snapshot) & tracked
    yield from check_file_names(tracked, find)
    for file, target in snapshot.tree.link_targets():
        yield from find(file, target, inside=file in under_roots)
    for file in sorted(large - under_roots):
        message = f"larger than {limits.in_words(limits.SEARCHED_FILE)}: not searched"
        yield found("too-large", message, file=file, severity=Severity.NOTE)
    typed = set(filter(is_read_by_all, listing.entries))
    searched = sorted({*marked, *selection.plain, *typed} - large)
    for file, content in snapshot.contents(searched, limit=limits.SEARCHED_FILE):
        if not isinstance(content, bytes):
            continue  # what cannot be read here holds nothing
        identities = find(file, content, inside=file in under_roots)
        if file not in under_roots and is_exempt_by_hand(snapshot.settings, file):
            identities = (one for one in identities if one.severity is Severity.ERROR)
        yield from identities
        if file in typed:
            yield from check_typed(file, content)
        if file.endswith((".yaml", ".yml", ".json")) and len(content) <= limits.READABLE_FILE:
            flux.read(file, content)
    yield from _check_flux(snapshot, flux, results, under_roots)


def _marked(snapshot: Snapshot) -> frozenset[str]:
    return frozenset[str]().union(*map(snapshot.containing, (*IDENTITY_MARKS, *FLUX_MARKS)))


def _of_source(snapshot: Snapshot, flux: Flux, builds: Sequence[Build]) -> set[str]:
    """The files that some source of the builds has: one may leave out what another takes."""
    files = set(snapshot.tree.listing().entries)
    ignores = {flux.patterns_of(one) for one in builds}
    if any(ignores) or any(file.rpartition("/")[2] == SOURCE_IGNORE for file in files):
        repository = snapshot.tree.repository
        excluded = [set(files_excluded_by(repository, SOURCE_IGNORE, one)) for one in ignores]
        files -= set[str].intersection(*excluded)
    return files


def _check_flux(
    snapshot: Snapshot, flux: Flux, results: Sequence[FileResult], under_roots: Collection[str]
) -> Iterator[Finding]:
    keysets = {one.file for one in results if one.kind is FileKind.KEYSET}
    manifests = {one.file: one.object for one in results if one.kind is FileKind.SECRET_MANIFEST}
    repository = snapshot.tree.repository
    builds = flux.own_builds(remote_addresses(repository.command)) if flux.builds else []
    variables = [finding for one in results for finding in one.variables]
    if builds:
        files = _of_source(snapshot, flux, builds)
        tree = Tree(files, functools.partial(_read, snapshot))
        findings = check_builds(
            builds,
            tree,
            keysets=keysets,
            manifests=manifests,
            encrypted={one.file for one in results if one.kind is not None},
            patched=flux.patched,
        )
        for one in findings:
            keysets.discard(one.file or "")
            yield one
        variables = list(judge_variables(variables, builds, tree, flux.patched))
    yield from variables
    yield from check_neighbours(keysets, manifests, under_roots)


def _read(snapshot: Snapshot, file: str) -> bytes | None:
    try:
        return snapshot.read(file, limit=limits.READABLE_FILE)
    except FailedError:
        return None
