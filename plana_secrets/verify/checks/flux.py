"""What a Flux Kustomization of this repository builds and must not, or cannot, build."""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence

from plana_secrets.sops.model import Severity
from plana_secrets.verify.builds import NAMES, Build, Tree, is_manifest
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding


def check_builds(
    builds: Sequence[Build],
    tree: Tree,
    *,
    keysets: Collection[str],
    manifests: Collection[str],
    encrypted: Collection[str],
    patched: Collection[str],
) -> Iterator[Finding]:
    """Files that stop a build, and builds that leave ``encrypted`` files as they are.

    ``keysets`` and ``manifests`` are secret files by their kind; every other file is read.
    ``patched``: see ``Flux``.
    """
    built: dict[str, str] = {}
    for build in builds:
        files = list(tree.built(build.folder, *build.components))
        built = dict.fromkeys(files, build.folder) | built
        closed = next((file for file in files if file in encrypted), None)
        if closed is not None and not build.decrypts and "decryption" not in patched:
            words = f"builds {closed}, which is encrypted, without spec.decryption"
            yield found("flux-no-decryption", words, file=build.file, line=build.line)
    for file, folder in sorted(built.items()):
        if file in manifests:
            continue
        content = None if file in keysets else tree.read(file)
        if content is None or not is_manifest(content):
            check = "keyset-breaks-flux" if file in keysets else "flux-not-a-manifest"
            words = f"Flux builds {folder}, and takes this file for a manifest"
            yield found(check, words, file=file)


def judge_variables(
    findings: Iterable[Finding], builds: Sequence[Build], tree: Tree, patched: Collection[str]
) -> Iterator[Finding]:
    """Values that look like variables, ``flux-substitution``, by what builds their files.

    An error where a build has ``postBuild``, nothing where none that reaches the file has.
    """
    replacing: dict[str, bool] = {}
    for build in builds:
        for file in tree.built(build.folder, *build.components):
            replacing[file] = replacing.get(file, "postBuild" in patched) or build.substitutes
    for one in findings:
        if replacing.get(one.file or "", True):
            severity = Severity.ERROR if one.file in replacing else one.severity
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
