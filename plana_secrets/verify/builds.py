"""What Flux builds of this repository, as Flux reads it. Pure.

A Flux Kustomization names a folder, and so does the ``spec.sync`` of a FluxInstance.
Sources: kustomize-controller v1.9, github.com/fluxcd/pkg/sourceignore v0.18, flux-operator v0.30.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.verify.kustomize import name_of, objects_in
from plana_secrets.verify.listings import Kept, kept_by
from plana_secrets.verify.plainyaml import (
    Map,
    Node,
    Sequence,
    Text,
    map_of,
    nodes_of,
    read_documents,
    text_of,
    walk,
)

PATCHED: Final = ("decryption", "postBuild")
"""Fields of a Kustomization that people add to many of them by a patch."""
_NEEDED: Final = {"path", "sourceRef", "interval"}
_API: Final = (
    "kustomize.toolkit.fluxcd.io/", "source.toolkit.fluxcd.io/", "fluxcd.controlplane.io/"
)  # fmt: skip
FLUX_MARKS: Final = (
    *(f"{one}v" for one in _API),
    "group: kustomize.toolkit.fluxcd.io",
    *(f"/spec/{one}" for one in PATCHED),
)
"""What is in every file that tells Flux something, or patches one that does."""
_MARKS: Final = tuple(mark.encode() for mark in FLUX_MARKS)
_DOCUMENT: Final = re.compile(rb"(?m)^(?=---(?:[ \t\r\n]|\Z))")

SOURCE_IGNORE: Final = ".sourceignore"
"""Patterns like those of .gitignore: what Flux leaves out."""
_MOST_PATTERNS: Final = 1000
"""Lines that are read of ``spec.ignore``, and characters of one."""
_BOOTSTRAP: Final = "flux-system"
"""The source that ``flux bootstrap`` makes for the repository itself."""


@dataclass(frozen=True, slots=True)
class Build:
    """One Flux Kustomization: where it is, the folder that it builds, and of which source.

    ``decrypts``: it has ``spec.decryption``, so that Flux opens what sops wrote.
    ``substitutes``: it has variables in ``spec.postBuild``. ``source`` is the name of a
    GitRepository, None for a source of another kind: ``other`` says which one. Whether that holds
    this repository is not known. ``components``: folders that ``spec.components`` adds to what
    is built. ``kept``: what its patches do for the variables.
    ``is_here``: the source is known to be this repository.
    """

    file: str
    line: int
    folder: str
    decrypts: bool
    source: str | None
    substitutes: bool = False
    components: tuple[str, ...] = ()
    other: str | None = None
    kept: Kept = Kept.NOT
    is_here: bool = False


@dataclass(slots=True)
class Flux:
    """What the files of a repository say to Flux.

    ``sources``: the address of each GitRepository by its name. ``ignores``: its patterns of
    what is left out, ``spec.ignore``; ``included``: those that hold folders of others, too.
    ``patched``: fields of ``PATCHED`` that a patch adds to Kustomizations, so that their own text
    does not show them.
    """

    builds: list[Build] = field(default_factory=list)
    sources: dict[str, set[str]] = field(default_factory=dict)
    ignores: dict[str, set[str]] = field(default_factory=dict)
    patched: set[str] = field(default_factory=set)
    included: set[str] = field(default_factory=set)

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
        for one in objects_in(documents):
            for node in (one, *_templates(one)):
                self._read_object(file, node, first)
        texts = [node.text for node in walk(documents) if isinstance(node, Text)]
        self.patched |= {one for one in PATCHED if any(one in text for text in texts)}

    def _read_object(self, file: str, node: Map, first: int) -> None:
        kind, api = text_of(node, "kind"), text_of(node, "apiVersion")
        spec = map_of(node, "spec")
        if kind == "GitRepository" and api.startswith(_API[1]):
            self.sources.setdefault(name_of(node), set()).add(text_of(spec, "url"))
            self.ignores.setdefault(name_of(node), set()).add(text_of(spec, "ignore"))
            if nodes_of(spec, "include"):
                self.included.add(name_of(node))
        fields = {name for name, _ in spec.entries}
        if kind == "Kustomization" and fields & set(PATCHED) and not fields & _NEEDED:
            self.patched |= fields & set(PATCHED)
        elif kind == "Kustomization" and api.startswith(_API[0]):
            self.builds.append(_build(file, first + node.line, spec, map_of(spec, "sourceRef")))
        elif kind == "FluxInstance" and api.startswith(_API[2]):
            self._read_instance(file, first, spec)

    def _read_instance(self, file: str, first: int, spec: Map) -> None:
        """``spec.sync``: a source and a Kustomization of its folder, of the same name."""
        sync = map_of(spec, "sync")
        if sync.entries:
            build = _build(file, first + sync.line, sync, sync)
            if build.other is None:
                build = replace(build, source=_BOOTSTRAP)
                self.sources.setdefault(_BOOTSTRAP, set()).add(text_of(sync, "url"))
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

        is_one = sum(bool(one & own) for one in known.values()) == 1  # else of several branches

        def judged(build: Build) -> Build | None:
            named = known.get(build.source) if build.source is not None else None
            if own and named:
                is_here = is_one and own == named and build.source not in self.included
                return replace(build, is_here=is_here) if named & own else None
            is_alone = build.source is not None and not named
            return build if is_alone or build.folder != "." else None

        return [one for one in map(judged, self.builds) if one is not None]


def _build(file: str, line: int, spec: Map, source: Map) -> Build:
    kind = text_of(source, "kind")
    is_git = kind in {"GitRepository", ""}
    folder = posixpath.normpath(text_of(spec, "path").strip().strip("/") or ".")
    return Build(
        file,
        line,
        folder=folder,
        decrypts=text_of(map_of(spec, "decryption"), "provider") == "sops",
        source=text_of(source, "name") if is_git else None,
        other=None if is_git else f"{kind} {text_of(source, 'name')}".strip(),
        substitutes=any(_is_filled(one) for one in map_of(spec, "postBuild").nodes),
        components=tuple(
            posixpath.normpath(posixpath.join(folder, one.text))
            for one in nodes_of(spec, "components")
            if isinstance(one, Text)
        ),
        kept=kept_by(nodes_of(spec, "patches")),
    )


def _templates(node: Map) -> Iterator[Map]:
    """The objects that a ResourceSet makes, once for each of its inputs."""
    if text_of(node, "kind") == "ResourceSet" and text_of(node, "apiVersion").startswith(_API[2]):
        for one in nodes_of(map_of(node, "spec"), "resources"):
            if isinstance(one, Map):
                yield one


def _repository_of(address: str) -> str:
    """``owner/name`` of an address: one repository has several."""
    path = re.split(r"[/:]", address.removesuffix("/").removesuffix(".git").lower())
    return "/".join(path[-2:])


def _is_filled(node: Node) -> bool:
    """Whether there is anything in a list or a map of ``postBuild``."""
    return isinstance(node, Map | Sequence) and bool(node.nodes)
