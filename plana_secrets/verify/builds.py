"""What Flux builds of this repository, as Flux and kustomize read it. Pure.

A Flux Kustomization names a folder. If that has a kustomization.yaml, what this lists is built;
if not, every YAML file below is taken for a manifest, but folders with a kustomization.yaml.
Sources: kustomize-controller v1.9, github.com/fluxcd/pkg/kustomize v1.35 (scanManifests),
github.com/fluxcd/pkg/sourceignore v0.18, kustomize v5.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.verify.plainyaml import Map, Node, Sequence, Text, read_documents, walk

_API: Final = ("kustomize.toolkit.fluxcd.io/", "source.toolkit.fluxcd.io/")
FLUX_MARKS: Final = (f"{_API[0]}v", f"{_API[1]}v", "group: kustomize.toolkit.fluxcd.io")
"""What is in every file that tells Flux something, or patches one that does."""

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
SOURCE_IGNORE: Final = ".sourceignore"
"""Patterns like those of .gitignore: what Flux leaves out."""
_YAML: Final = (".yaml", ".yml")
_LISTS: Final = ("resources", "components", "bases", "crds")
_IGNORED: Final = re.compile(
    r"(?:.*/)?(?:\.sops\.yaml|\.goreleaser\.yml|\.flux\.yaml|\.travis\.yml|\.gitlab-ci\.yml"
    r"|appveyor\.yml|\.drone\.yml|cloudbuild\.yaml|codeship-(?:services|steps)\.yml)"
    r"|(?:.*/)?\.(?:github|circleci)/.*"
)
"""Files that Flux leaves out of every source."""

PATCHED: Final = ("decryption", "postBuild")

_BOOTSTRAP: Final = "flux-system"
"""The source that ``flux bootstrap`` makes for the repository itself."""

Read = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Build:
    """One Flux Kustomization: where it is, the folder that it builds, and of which source.

    ``decrypts``: it has ``spec.decryption``, so that Flux opens what sops wrote.
    ``substitutes``: it has variables in ``spec.postBuild``. ``source`` is the name of a
    GitRepository, None for a source of another kind.
    """

    file: str
    line: int
    folder: str
    decrypts: bool
    source: str | None
    substitutes: bool = False


@dataclass(slots=True)
class Flux:
    """What the files of a repository say to Flux.

    ``sources``: the address of each GitRepository by its name. ``patched``: fields of
    ``PATCHED`` that a patch adds to Kustomizations, so that their own text does not show them.
    """

    builds: list[Build] = field(default_factory=list)
    sources: dict[str, set[str]] = field(default_factory=dict)
    patched: set[str] = field(default_factory=set)

    def read(self, file: str, content: bytes) -> None:
        """Add what a file says; one that is no YAML says nothing to Flux."""
        try:
            documents = read_documents(content)
        except MalformedError:
            return
        for one in _objects(documents):
            self._read_object(file, one)
        texts = [node.text for node in walk(documents) if isinstance(node, Text)]
        self.patched |= {one for one in PATCHED if any(f"{one}:" in text for text in texts)}

    def _read_object(self, file: str, node: Map) -> None:
        kind, api = text_of(node, "kind"), text_of(node, "apiVersion")
        spec = map_of(node, "spec")
        if kind == "GitRepository" and api.startswith(_API[1]):
            self.sources.setdefault(_named(node), set()).add(text_of(spec, "url"))
        if kind == "Kustomization" and api.startswith(_API[0]):
            source = map_of(spec, "sourceRef")
            build = Build(
                file,
                node.line,
                folder=posixpath.normpath(text_of(spec, "path").strip().strip("/") or "."),
                decrypts=text_of(map_of(spec, "decryption"), "provider") == "sops",
                source=text_of(source, "name")
                if text_of(source, "kind") in {"GitRepository", ""}
                else None,
                substitutes=any(map_of(spec, "postBuild").nodes),
            )
            self.builds.append(build)

    def own_builds(self, addresses: Collection[str]) -> list[Build]:
        """Those of this repository, whose remotes have these ``addresses``.

        Where that cannot be told, a build of everything is of another one.
        """
        known = {name: set(map(_repository_of, urls)) for name, urls in self.sources.items()}
        every = {one for repositories in known.values() for one in repositories}
        own = every & {_repository_of(one) for one in addresses} or known.get(_BOOTSTRAP, set())
        if not own and len(every) == 1:
            own = every

        def is_own(build: Build) -> bool:
            named = known.get(build.source) if build.source is not None else None
            if own and named:
                return bool(named & own)
            is_alone = build.source is not None and not named
            return is_alone or build.folder != "."

        return [one for one in self.builds if is_own(one)]


def _repository_of(address: str) -> str:
    """``owner/name`` of an address: one repository has several."""
    path = re.split(r"[/:]", address.removesuffix("/").removesuffix(".git").lower())
    return "/".join(path[-2:])


def _objects(documents: list[Node]) -> Iterator[Map]:
    for node in documents:
        if isinstance(node, Map):
            items = node.get("items")
            if text_of(node, "kind").endswith("List") and isinstance(items, Sequence):
                yield from (one for one in items.nodes if isinstance(one, Map))
            else:
                yield node


def text_of(node: Map, key: str) -> str:
    """The text of an entry; empty where there is none."""
    value = node.get(key)
    return value.text if isinstance(value, Text) else ""


def map_of(node: Map, key: str) -> Map:
    """The map of an entry; an empty one where there is none."""
    value = node.get(key)
    return value if isinstance(value, Map) else Map(node.line)


def _named(node: Map) -> str:
    return text_of(map_of(node, "metadata"), "name")


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a repository, and how to read one; None for one that cannot be read."""

    files: Collection[str]
    read: Read

    def built(self, folder: str) -> Iterator[str]:
        """The files that a build of ``folder`` takes for manifests, each once."""
        yield from dict.fromkeys(self._built(folder, set()))

    def _built(self, folder: str, seen: set[str]) -> Iterator[str]:
        if folder in seen:
            return
        seen.add(folder)
        listing = self._listing(folder)
        if listing is not None:
            yield from self._listed(folder, listing, seen)
            return
        prefix = "" if folder == "." else f"{folder}/"
        below = sorted(file for file in self.files if file.startswith(prefix))
        listed = {posixpath.dirname(file) for file in below if posixpath.basename(file) in NAMES}
        for file in below:
            above = next((one for one in _folders_above(file, folder) if one in listed), None)
            if above is not None:
                yield from self._built(above, seen)
            elif file.endswith(_YAML) and not _IGNORED.fullmatch(file):
                yield file

    def _listing(self, folder: str) -> str | None:
        names = (posixpath.normpath(f"{folder}/{name}") for name in NAMES)
        return next((name for name in names if name in self.files), None)

    def _listed(self, folder: str, listing: str, seen: set[str]) -> Iterator[str]:
        try:
            documents = read_documents(self.read(listing) or b"")
        except MalformedError:
            return
        for node in documents:
            for name in _LISTS if isinstance(node, Map) else ():
                entries = node.get(name) if isinstance(node, Map) else None
                for entry in entries.nodes if isinstance(entries, Sequence) else ():
                    if isinstance(entry, Text) and "://" not in entry.text:
                        yield from self._resource(folder, entry.text, seen)

    def _resource(self, folder: str, entry: str, seen: set[str]) -> Iterator[str]:
        place = posixpath.normpath(posixpath.join(folder, entry))
        if place in self.files:
            yield place
        elif self._listing(place) is not None:
            yield from self._built(place, seen)


def _folders_above(file: str, top: str) -> list[str]:
    """From the folder below ``top`` down to that of the file."""
    found: list[str] = []
    folder = posixpath.dirname(file)
    while folder and folder != top:
        found.append(folder)
        folder = posixpath.dirname(folder)
    return found[::-1]


def is_manifest(content: bytes) -> bool:
    """Whether kustomize takes every document of a file for an object of Kubernetes."""
    try:
        documents = read_documents(content)
    except MalformedError:
        return False
    return all(_is_object(node) for node in documents)


def _is_object(node: Node) -> bool:
    if isinstance(node, Text):
        return node.text in {"", "null", "~"}
    if not isinstance(node, Map):
        return False
    if not (text_of(node, "apiVersion") and text_of(node, "kind")):
        return not node.entries
    return text_of(node, "kind").endswith("List") or bool(_named(node))
