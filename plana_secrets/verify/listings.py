"""What a kustomization.yaml says, as kustomize and Flux read it. Pure.

Sources: kustomize v5 (api/types/kustomization.go), kustomize-controller v1.9
(internal/decryptor: which files Flux decrypts before kustomize reads them).
"""

from __future__ import annotations

import enum
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from plana_secrets.document.manifest import DISABLED, SUBSTITUTE
from plana_secrets.errors import MalformedError
from plana_secrets.verify.plainyaml import (
    Map,
    Node,
    Text,
    map_of,
    nodes_of,
    read_documents,
    text_of,
    walk,
)

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_LISTS: Final = ("resources", "components", "bases", "crds")
_LEAVES_NAMES: Final = frozenset(
    {
        "apiVersion", "kind", "metadata", *_LISTS, "commonLabels", "labels", "commonAnnotations",
        "images", "replicas", "generatorOptions", "configMapGenerator", "secretGenerator",
        "buildMetadata", "sortOptions",
    }
)  # fmt: skip
"""Fields with which the objects have the names and namespaces that their files say."""
_FORMS: Final = (".yaml", ".yml", ".json", ".env", ".ini", ".dockerconfigjson")
"""Endings by which Flux decrypts. Source: kustomize-controller v1.9, formatForPath."""
_WHOLE_KIND: Final = frozenset({"group", "version", "kind"})
_ESCAPED: Final = SUBSTITUTE.replace("/", "~1")
"""The same annotation in the path of a JSON patch."""


class Kept(enum.IntEnum):
    """Whether something outside of a manifest keeps Flux from replacing variables in it."""

    NOT = 0
    PERHAPS = 1
    """A patch does, for some objects."""
    ALL = 2


@dataclass(frozen=True, slots=True)
class Named:
    """A file or folder that is named in a listing: its place in the repository, and where.

    ``key``: the one that a generator gives it.
    """

    place: str
    line: int
    key: str | None = None

    @property
    def loses_its_form(self) -> bool:
        """Whether Flux, which goes by the ending of the key, takes its text for one value."""
        is_value = self.key is not None and not self.key.endswith(_FORMS)
        return is_value and self.place.endswith(_FORMS)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the kustomization.yaml at ``file`` names.

    ``listed``: what is built. ``decrypted``: what Flux decrypts before kustomize reads it, for a
    secretGenerator or as a patch. ``readable``: what a configMapGenerator takes as it is.
    ``is_closed``: sops encrypted it. ``leaves_names``: it renames nothing.
    """

    file: str
    listed: tuple[Named, ...] = ()
    decrypted: tuple[Named, ...] = ()
    readable: tuple[Named, ...] = ()
    kept: Kept = Kept.NOT
    is_closed: bool = False
    leaves_names: bool = False


def read_listing(file: str, content: bytes) -> Listing:
    """What a listing says; nothing where it is not YAML, which stops a build in any case."""
    try:
        documents = read_documents(content)
    except MalformedError:
        return Listing(file)
    node = next((one for one in documents if isinstance(one, Map)), Map(1))
    folder = posixpath.dirname(file)
    fields = {name for name, _ in node.entries}
    return Listing(
        file,
        tuple(_named(folder, _texts(node, _LISTS))),
        tuple(_decrypted(node, folder)),
        tuple(_generated(node, "configMapGenerator", folder)),
        max(_kept_by_fields(node), kept_by(nodes_of(node, "patches"))),
        is_closed="sops" in fields,
        leaves_names=fields <= _LEAVES_NAMES,
    )


def kept_by(patches: Iterable[Node]) -> Kept:
    """What patches, of a listing or of Flux, do for variables: all Secrets, or perhaps some."""
    found = Kept.NOT
    for one in patches:
        texts = [node.text for node in walk([one]) if isinstance(node, Text)]
        if isinstance(one, Map) and any(_disables(text) for text in texts):
            target = map_of(one, "target")
            is_all = {name for name, _ in target.entries} <= _WHOLE_KIND
            is_secret = text_of(target, "kind") == "Secret"
            found = max(found, Kept.ALL if is_secret and is_all else Kept.PERHAPS)
    return found


def _disables(patch: str) -> bool:
    return DISABLED in patch and (SUBSTITUTE in patch or _ESCAPED in patch)


def _kept_by_fields(node: Map) -> Kept:
    pairs = [map_of(one, "pairs") for one in nodes_of(node, "labels") if isinstance(one, Map)]
    every = [map_of(node, "commonAnnotations"), map_of(node, "commonLabels"), *pairs]
    return Kept.ALL if any(text_of(one, SUBSTITUTE) == DISABLED for one in every) else Kept.NOT


def _texts(node: Map, names: Iterable[str]) -> Iterator[Text]:
    for name in names:
        yield from (one for one in nodes_of(node, name) if isinstance(one, Text))


def _decrypted(node: Map, folder: str) -> Iterator[Named]:
    yield from _generated(node, "secretGenerator", folder)
    for one in nodes_of(node, "patches"):
        path = one.get("path") if isinstance(one, Map) else None
        if isinstance(path, Text):
            yield from _named(folder, [path])


def _generated(node: Map, name: str, folder: str) -> Iterator[Named]:
    """The files of generators; one may be ``KEY=FILE``."""
    for one in nodes_of(node, name):
        if isinstance(one, Map):
            for text in _texts(one, ("files",)):
                key, is_given, file = text.text.partition("=")
                named = _named(folder, [Text(text.line, file if is_given else key)])
                yield from (replace(each, key=key) for each in named)
            yield from _named(folder, _texts(one, ("envs",)))


def _named(folder: str, texts: Iterable[Text]) -> Iterator[Named]:
    for one in texts:
        if "://" not in one.text:
            yield Named(posixpath.normpath(posixpath.join(folder, one.text)), one.line)
