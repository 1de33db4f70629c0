"""What a Flux Kustomization of this repository builds and must not, or cannot, build."""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.builds import Build
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.kustomize import ObjectKey, Step, Tree, read_objects
from plana_secrets.verify.listings import NAMES, Kept, Listing

_FILLED_IN: Final = {*"$<{"}
"""What begins a part of a path that another tool fills in."""
_UNDECRYPTED: Final = "flux-no-decryption"


def check_builds(
    builds: Sequence[Build],
    tree: Tree,
    *,
    keysets: Collection[str],
    manifests: Mapping[str, ObjectKey | None],
    encrypted: Collection[str],
    patched: Collection[str],
) -> Iterator[Finding]:
    """Files that stop a build, and builds that leave ``encrypted`` files as they are.

    ``keysets`` and ``manifests``, with the object that each is, are secret files by their kind;
    every other file is read. ``patched``: see ``Flux``.
    """
    objects: dict[str, list[ObjectKey] | None] = {
        file: [key] if key else [] for file, key in manifests.items()
    }
    told: set[tuple[str, str | None, int | None]] = set()
    # what is certain comes first, and is not said again
    for build in sorted(builds, key=lambda one: one.other is not None):
        steps = tree.steps(build.folder, *build.components)
        for file in sorted({file for step in steps for file in step.files} - objects.keys()):
            content = None if file in keysets else tree.read(file)
            objects[file] = read_objects(content) if content is not None else None
        findings = [
            *_check_build(build, steps, objects, keysets, encrypted, patched),
            *_check_listings(steps, tree, encrypted),
            *_check_folders(build, tree),
        ]
        for one in findings:
            if (one.check, one.file, one.line) not in told:
                yield one if build.other is None else _if_it_is_ours(one, build.other)
            if one.check != _UNDECRYPTED:
                told.add((one.check, one.file, one.line))


def _check_build(
    build: Build,
    steps: Sequence[Step],
    objects: Mapping[str, list[ObjectKey] | None],
    keysets: Collection[str],
    encrypted: Collection[str],
    patched: Collection[str],
) -> Iterator[Finding]:
    files = [file for step in steps for file in step.files]
    inputs = [one.place for step in steps for listing in step.listings for one in listing.decrypted]
    closed = next((file for file in (*files, *inputs) if file in encrypted), None)
    if closed is not None and not build.decrypts and "decryption" not in patched:
        words = f"builds {closed}, which is encrypted, without spec.decryption"
        yield found(_UNDECRYPTED, words, file=build.file, line=build.line)
    for file in sorted(files):
        if objects[file] is None:
            check = "keyset-breaks-flux" if file in keysets else "flux-not-a-manifest"
            words = f"Flux builds {build.folder}, and takes this file for a manifest"
            yield found(check, words, file=file)
    for step in steps:
        yield from _check_names(step.files, objects)


def _check_folders(build: Build, tree: Tree) -> Iterator[Finding]:
    """A folder that was moved or is misspelt, where it is certain in which repository it is."""
    for folder in (build.folder, *build.components) if build.is_here else ():
        if not tree.has_folder(folder) and not _FILLED_IN & {*folder}:
            words = f"builds {folder}, which is not there"
            yield found("flux-not-a-manifest", words, file=build.file, line=build.line)


def _check_listings(
    steps: Sequence[Step], tree: Tree, encrypted: Collection[str]
) -> Iterator[Finding]:
    """What a kustomization.yaml names and kustomize cannot read, or reads as it is encrypted."""
    for listing in [one for step in steps for one in step.listings]:
        for place, line in tree.missing(listing):
            state = "has no kustomization.yaml" if tree.has_folder(place) else "is not there"
            words = f"names {place}, which {state}"
            yield found("flux-not-a-manifest", words, file=listing.file, line=line)
        for rival in tree.rivals(listing):
            words = f"is beside {rival}, and kustomize refuses a folder with both"
            yield found("flux-not-a-manifest", words, file=listing.file)
        yield from _check_readable(listing, encrypted)


def _check_readable(listing: Listing, encrypted: Collection[str]) -> Iterator[Finding]:
    if listing.is_closed:
        words = "encrypted, but kustomize has to read it"
        yield found("flux-not-decrypted", words, file=listing.file)
    for one in listing.decrypted:
        if one.loses_its_form and one.place in encrypted:
            words = f"gives {one.place} the key {one.key}, whose ending does not tell Flux its form"
            yield found("flux-not-decrypted", words, file=listing.file, line=one.line)
    for one in listing.readable:
        if one.place in encrypted:
            words = f"puts {one.place} into a ConfigMap, and Flux decrypts it for a Secret only"
            yield found("flux-not-decrypted", words, file=listing.file, line=one.line)


def _check_names(
    files: Sequence[str], objects: Mapping[str, list[ObjectKey] | None]
) -> Iterator[Finding]:
    """Two objects of one name among what kustomize puts together."""
    first: dict[ObjectKey, str] = {}
    for file in files:
        for key in objects[file] or ():
            if key in first:
                _, kind, space, name = key
                words = f"{kind} {name} in the namespace {space} is in {first[key]}, too"
                yield found("flux-duplicate", words, file=file)
            first.setdefault(key, file)


def _if_it_is_ours(one: Finding, source: str) -> Finding:
    """A warning where it is not known whether the source holds this repository."""
    message = f"{one.message}, if {source} holds this repository"
    return dataclasses.replace(one, severity=Severity.WARNING, message=message)


def judge_variables(
    findings: Iterable[Finding], builds: Sequence[Build], tree: Tree, patched: Collection[str]
) -> Iterator[Finding]:
    """Values that look like variables, ``flux-substitution``, by what builds their files.

    An error where a build has ``postBuild``, nothing where none that reaches the file has, or
    where something else than the manifest keeps its variables.
    """
    replacing: dict[str, bool] = {}
    certain: set[str] = set()
    for build in builds:
        for file, kept in tree.variables(build.folder, *build.components).items():
            replaces = "postBuild" in patched or build.substitutes
            surest = max(kept, build.kept)
            replacing[file] = replacing.get(file, False) or (replaces and surest is not Kept.ALL)
            if build.other is None and replaces and surest is Kept.NOT:
                certain.add(file)
    for one in findings:
        if replacing.get(one.file or "", True):
            severity = Severity.ERROR if one.file in certain else one.severity
            yield dataclasses.replace(one, severity=severity)


def check_neighbours(
    keysets: Collection[str], manifests: Collection[str], present: Collection[str]
) -> Iterator[Finding]:
    """Keyset files below a folder of manifests, which is likely to be built, by whatever.

    ``present``: every file under the roots, to see the kustomization.yaml files.
    """
    listed = {posixpath.dirname(one) or "." for one in present if posixpath.basename(one) in NAMES}
    likely = {posixpath.dirname(one) or "." for one in manifests}
    for file in sorted(keysets):
        folder = next((one for one in _folders_up(file, listed) if one in likely), None)
        if folder is not None:
            words = f"{folder} holds manifests, and no kustomization.yaml excludes this file"
            yield found("keyset-breaks-flux", words, file=file, severity=Severity.WARNING)


def _folders_up(file: str, listed: Collection[str]) -> Iterator[str]:
    """The folders above a file, up to the first that lists what is built in it."""
    folder = posixpath.dirname(file) or "."
    while folder not in listed:
        yield folder
        if folder == ".":
            return
        folder = posixpath.dirname(folder) or "."
