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
from plana_secrets.verify.plainyaml import (
    Map,
    Node,
    Sequence,
    Text,
    TooMuchYamlError,
    read_documents,
    walk,
)

PATCHED: Final = ("decryption", "postBuild")
"""Fields of a Kustomization that people add to many of them by a patch."""
_NEEDED: Final = {"path", "sourceRef", "interval"}
_API: Final = ("kustomize.toolkit.fluxcd.io/", "source.toolkit.fluxcd.io/")
FLUX_MARKS: Final = (
    f"{_API[0]}v",
    f"{_API[1]}v",
    "group: kustomize.toolkit.fluxcd.io",
    *(f"/spec/{one}" for one in PATCHED),
)
"""What is in every file that tells Flux something, or patches one that does."""
_MARKS: Final = tuple(mark.encode() for mark in FLUX_MARKS)
_DOCUMENT: Final = re.compile(rb"(?m)^(?=---(?:[ \t\r\n]|\Z))")

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

_MOST_PATTERNS: Final = 1000
"""Lines that are read of ``spec.ignore``, and characters of one."""
_BOOTSTRAP: Final = "flux-system"
"""The source that ``flux bootstrap`` makes for the repository itself."""

Read = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Build:
    """One Flux Kustomization: where it is, the folder that it builds, and of which source.

    ``decrypts``: it has ``spec.decryption``, so that Flux opens what sops wrote.
    ``substitutes``: it has variables in ``spec.postBuild``. ``source`` is the name of a
    GitRepository, None for a source of another kind: ``other`` says which one. Whether that holds
    this repository is not known. ``components``: folders that ``spec.components`` adds to what
    is built.
    """

    file: str
    line: int
    folder: str
    decrypts: bool
    source: str | None
    substitutes: bool = False
    components: tuple[str, ...] = ()
    other: str | None = None


@dataclass(slots=True)
class Flux:
    """What the files of a repository say to Flux.

    ``sources``: the address of each GitRepository by its name. ``ignores``: its patterns of
    what is left out, ``spec.ignore``. ``patched``: fields of ``PATCHED`` that a patch adds to
    Kustomizations, so that their own text does not show them.
    """

    builds: list[Build] = field(default_factory=list)
    sources: dict[str, set[str]] = field(default_factory=dict)
    ignores: dict[str, set[str]] = field(default_factory=dict)
    patched: set[str] = field(default_factory=set)

    def read(self, file: str, content: bytes) -> None:
        """Add what a file says; a document that is no YAML says nothing to Flux."""
        first = 0
        for part in _DOCUMENT.split(content):
            if any(mark in part for mark in _MARKS):
                self._read_document(file, part, first)
            first += part.count(b"\n")

    def _read_document(self, file: str, content: bytes, first: int) -> None:
        try:
            documents = read_documents(content)
        except MalformedError:
            return
        for one in _objects(documents):
            self._read_object(file, one, first)
        texts = [node.text for node in walk(documents) if isinstance(node, Text)]
        self.patched |= {one for one in PATCHED if any(one in text for text in texts)}

    def _read_object(self, file: str, node: Map, first: int) -> None:
        kind, api = text_of(node, "kind"), text_of(node, "apiVersion")
        spec = map_of(node, "spec")
        if kind == "GitRepository" and api.startswith(_API[1]):
            self.sources.setdefault(_named(node), set()).add(text_of(spec, "url"))
            self.ignores.setdefault(_named(node), set()).add(text_of(spec, "ignore"))
        fields = {name for name, _ in spec.entries}
        if kind == "Kustomization" and fields & set(PATCHED) and not fields & _NEEDED:
            self.patched |= fields & set(PATCHED)
        elif kind == "Kustomization" and api.startswith(_API[0]):
            source = map_of(spec, "sourceRef")
            kind_of_source = text_of(source, "kind")
            is_git = kind_of_source in {"GitRepository", ""}
            folder = posixpath.normpath(text_of(spec, "path").strip().strip("/") or ".")
            build = Build(
                file,
                first + node.line,
                folder=folder,
                decrypts=text_of(map_of(spec, "decryption"), "provider") == "sops",
                source=text_of(source, "name") if is_git else None,
                other=None if is_git else f"{kind_of_source} {text_of(source, 'name')}",
                substitutes=any(_is_filled(one) for one in map_of(spec, "postBuild").nodes),
                components=tuple(
                    posixpath.normpath(posixpath.join(folder, one.text))
                    for one in nodes_of(spec, "components")
                    if isinstance(one, Text)
                ),
            )
            self.builds.append(build)

    def patterns_of(self, build: Build) -> tuple[str, ...]:
        """What the source of a build leaves out: lines like those of .gitignore.

        Nothing where sources of one name, in two namespaces, say different things.
        """
        texts = self.ignores.get(build.source or "", set())
        lines = "".join(texts).splitlines() if len(texts) == 1 else []
        stripped = [one.rstrip() for one in lines[:_MOST_PATTERNS]]
        return tuple(
            one
            for one in stripped
            if one and not one.startswith("#") and "\0" not in one and len(one) <= _MOST_PATTERNS
        )

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


def nodes_of(node: Map, key: str) -> list[Node]:
    """What is in the list of an entry; nothing where there is none."""
    value = node.get(key)
    return list(value.nodes) if isinstance(value, Sequence) else []


def _is_filled(node: Node) -> bool:
    """Whether there is anything in a list or a map of ``postBuild``."""
    return isinstance(node, Map | Sequence) and bool(node.nodes)


def _named(node: Map) -> str:
    return text_of(map_of(node, "metadata"), "name")


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a repository, and how to read one; None for one that cannot be read."""

    files: Collection[str]
    read: Read
    _walked: dict[tuple[str, ...], list[list[str]]] = field(default_factory=dict)

    def built(self, *folders: str) -> Iterator[str]:
        """The files that a build of ``folders`` takes for manifests, each once."""
        yield from dict.fromkeys(file for step in self.steps(*folders) for file in step)

    def steps(self, *folders: str) -> list[list[str]]:
        """The same, by what kustomize puts together before anything renames it: the files that one
        kustomization.yaml lists, or those below a folder without one."""
        if folders not in self._walked:
            self._walked[folders] = list(self._walk(folders))
        return self._walked[folders]

    def _walk(self, folders: Collection[str]) -> Iterator[list[str]]:
        seen: set[str] = set()
        waiting = list(folders)
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                listing = self._listing(one)
                places = self._below(one) if listing is None else self._listed(one, listing)
                step = list(dict.fromkeys(places))
                waiting.extend(place for place in step if place not in self.files)
                yield [place for place in step if place in self.files]

    def _listing(self, folder: str) -> str | None:
        names = (posixpath.normpath(f"{folder}/{name}") for name in NAMES)
        return next((name for name in names if name in self.files), None)

    def _below(self, folder: str) -> Iterator[str]:
        """Every YAML file of a folder without a listing, and the folders in it that have one."""
        prefix = "" if folder == "." else f"{folder}/"
        below = sorted(file for file in self.files if file.startswith(prefix))
        listed = {posixpath.dirname(file) for file in below if posixpath.basename(file) in NAMES}
        for file in below:
            above = next((one for one in _folders_above(file, folder) if one in listed), None)
            if above is not None:
                yield above
            elif file.endswith(_YAML) and not _IGNORED.fullmatch(file):
                yield file

    def _listed(self, folder: str, listing: str) -> Iterator[str]:
        """The files and folders that a kustomization.yaml names."""
        try:
            documents = read_documents(self.read(listing) or b"")
        except MalformedError:
            return
        for node in documents:
            for name in _LISTS if isinstance(node, Map) else ():
                for entry in nodes_of(node, name) if isinstance(node, Map) else ():
                    if isinstance(entry, Text) and "://" not in entry.text:
                        place = posixpath.normpath(posixpath.join(folder, entry.text))
                        if place in self.files or self._listing(place) is not None:
                            yield place


def _folders_above(file: str, top: str) -> list[str]:
    """From the folder below ``top`` down to that of the file."""
    found: list[str] = []
    folder = posixpath.dirname(file)
    while folder and folder != top:
        found.append(folder)
        folder = posixpath.dirname(folder)
    return found[::-1]


ObjectKey = tuple[str, str, str, str]
"""By what kustomize tells two objects apart: version, kind, namespace, name.

Source: kustomize v5, kyaml/resid; an empty namespace is ``default``.
"""


def key_of(version: str, kind: str, namespace: str, name: str) -> ObjectKey:
    return version, kind, namespace or "default", name


def read_objects(content: bytes) -> list[ObjectKey] | None:
    """The objects of a file with a name; None where kustomize takes a document for none.

    A file that is larger than what is read here, as definitions of resources are, has none.
    """
    try:
        documents = read_documents(content)
    except TooMuchYamlError:
        return []
    except MalformedError:
        return None
    if not all(_is_object(node) for node in documents):
        return None
    return [
        key_of(text_of(one, "apiVersion"), text_of(one, "kind"), *_place_of(one))
        for one in _objects(documents)
        if _named(one)
    ]


def _place_of(node: Map) -> tuple[str, str]:
    return text_of(map_of(node, "metadata"), "namespace"), _named(node)


def _is_object(node: Node) -> bool:
    if isinstance(node, Text):
        return node.text in {"", "null", "~"}
    if not isinstance(node, Map):
        return False
    if not (text_of(node, "apiVersion") and text_of(node, "kind")):
        return not node.entries
    return text_of(node, "kind").endswith("List") or bool(_named(node))
