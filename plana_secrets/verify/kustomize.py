"""What kustomize puts together of the files of a repository. Pure.

If a folder has a kustomization.yaml, what this lists is built; if not, Flux takes every YAML
file below for a manifest, but folders with a kustomization.yaml.
Sources: kustomize v5, github.com/fluxcd/pkg/kustomize v1.35 (scanManifests).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from plana_secrets.errors import MalformedError
from plana_secrets.verify.listings import NAMES, Kept, Listing, read_listing
from plana_secrets.verify.plainyaml import (
    Map,
    Node,
    Sequence,
    Text,
    TooMuchYamlError,
    map_of,
    read_documents,
    text_of,
)

_YAML: Final = (".yaml", ".yml")
_IGNORED: Final = re.compile(
    r"(?:.*/)?(?:\.sops\.yaml|\.goreleaser\.yml|\.flux\.yaml|\.travis\.yml|\.gitlab-ci\.yml"
    r"|appveyor\.yml|\.drone\.yml|cloudbuild\.yaml|codeship-(?:services|steps)\.yml)"
    r"|(?:.*/)?\.(?:github|circleci)/.*"
)
"""Files that Flux leaves out of every source."""

_OF_ADDRESS: Final = {*":?"}

Read = Callable[[str], bytes | None]


@dataclass(slots=True)
class Step:
    """What kustomize puts together before anything renames it.

    ``files``: manifests; ``listings``: the kustomization.yaml files that name them; ``kept``: for
    each file, what these do for the variables in it.
    """

    files: list[str] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder to build: what is above it keeps variables, and may take it into its own step."""

    folder: str
    kept: Kept = Kept.NOT
    above: Step | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a repository, and how to read one; None for one that cannot be read."""

    files: Collection[str]
    read: Read
    _walked: dict[tuple[str, ...], list[Step]] = field(default_factory=dict)

    def variables(self, *folders: str) -> dict[str, Kept]:
        """The files that a build of ``folders`` takes for manifests.

        Each with what keeps its variables wherever it is built.
        """
        found: dict[str, Kept] = {}
        for step in self.steps(*folders):
            for file, kept in zip(step.files, step.kept, strict=True):
                found[file] = min(found.get(file, kept), kept)
        return found

    def steps(self, *folders: str) -> list[Step]:
        """The same, by what is put together: the files of one kustomization.yaml, with those of
        others that it lists and that rename nothing, or those below a folder without one."""
        if folders not in self._walked:
            self._walked[folders] = self._walk(folders)
        return self._walked[folders]

    def missing(self, listing: Listing) -> Iterator[tuple[str, int]]:
        """What a listing names and is not there, with the line. An address is not known to be."""
        for one in (*listing.listed, *listing.decrypted, *listing.readable):
            is_listed = one in listing.listed and self._listing_file(one.place) is not None
            if one.place not in self.files and not is_listed and self._is_ours(one.place):
                yield one.place, one.line

    def _is_ours(self, place: str) -> bool:
        """Whether a name can only be one of this repository."""
        folder = posixpath.dirname(place)
        is_here = not folder.startswith("..") and not _OF_ADDRESS & {*place}
        return is_here and not self._is_beyond(place) and self.has_folder(folder)

    def rivals(self, listing: Listing) -> list[str]:
        """Other listings of the same folder, of which kustomize allows one."""
        folder = posixpath.dirname(listing.file)
        names = (posixpath.join(folder, name) for name in NAMES)
        return [name for name in names if name in self.files and name != listing.file]

    def has_folder(self, folder: str) -> bool:
        """Whether there is one; what is in a submodule or behind a link is not known."""
        if folder in {"", "."} or self._is_beyond(f"{folder}/"):
            return True
        return any(file.startswith(f"{folder}/") for file in self.files)

    def _is_beyond(self, place: str) -> bool:
        """Whether something above is no folder: a submodule, or a link."""
        return any(place[:at] in self.files for at, one in enumerate(place) if one == "/")

    def _walk(self, folders: Collection[str]) -> list[Step]:
        steps: list[Step] = []
        seen: set[tuple[str, Kept]] = set()
        waiting = [_Place(one) for one in folders]
        while waiting:
            one = waiting.pop()
            if (one.folder, one.kept) not in seen:
                seen.add((one.folder, one.kept))
                waiting.extend(self._visit(one, steps))
        return steps

    def _visit(self, one: _Place, steps: list[Step]) -> Iterator[_Place]:
        """Add what a folder names to a step, its own or that above; the folders in it."""
        listing = self._listing(one.folder)
        joined = one.above if listing is None or listing.leaves_names else None
        step = joined or Step()
        if joined is None:
            steps.append(step)
        kept = one.kept
        if listing is None:
            places = list(self._below(one.folder))
        else:
            step.listings.append(listing)
            places = [named.place for named in listing.listed]
            kept = max(kept, listing.kept)
        for place in dict.fromkeys(places):
            if place in self.files:
                step.files.append(place)
                step.kept.append(kept)
            elif listing is None or self._listing_file(place) is not None:
                yield _Place(place, kept, step)

    def _listing_file(self, folder: str) -> str | None:
        names = (posixpath.normpath(f"{folder}/{name}") for name in NAMES)
        return next((name for name in names if name in self.files), None)

    def _listing(self, folder: str) -> Listing | None:
        file = self._listing_file(folder)
        return read_listing(file, self.read(file) or b"") if file is not None else None

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
        for one in objects_in(documents)
        if name_of(one)
    ]


def objects_in(documents: list[Node]) -> Iterator[Map]:
    """Every object of a file, those of lists included."""
    for node in documents:
        if isinstance(node, Map):
            items = node.get("items")
            if text_of(node, "kind").endswith("List") and isinstance(items, Sequence):
                yield from (one for one in items.nodes if isinstance(one, Map))
            else:
                yield node


def name_of(node: Map) -> str:
    return text_of(map_of(node, "metadata"), "name")


def _place_of(node: Map) -> tuple[str, str]:
    return text_of(map_of(node, "metadata"), "namespace"), name_of(node)


def _is_object(node: Node) -> bool:
    if isinstance(node, Text):
        return node.text in {"", "null", "~"}
    if not isinstance(node, Map):
        return False
    if not (text_of(node, "apiVersion") and text_of(node, "kind")):
        return not node.entries
    return text_of(node, "kind").endswith("List") or bool(name_of(node))
