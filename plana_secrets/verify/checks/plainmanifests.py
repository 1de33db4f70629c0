"""Secrets in plaintext in files that other tools read: manifests, kustomizations, JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from plana_secrets.document.kinds import ENTRIES
from plana_secrets.errors import MalformedError
from plana_secrets.secretfiles.discovery import text_of
from plana_secrets.verify.patches import Patches, written_values
from plana_secrets.verify.plainyaml import Map, Node, Sequence, Text, read_documents, walk

_SECRET_KIND: Final = re.compile(
    rb"""(?m)^[ \t]*(?:- )?["']?kind["']?:[ \t]*["']?Secret["']?[ \t]*,?[ \t]*\r?$"""
)
_SECRET_DATA: Final = re.compile(rb"""(?m)^[ \t]*["']?(?:data|stringData)["']?:""")
_GENERATED: Final = re.compile(rb"""(?m)^secretGenerator:""")
_LITERALS: Final = re.compile(rb"""(?m)^[ \t]+(?:- )?literals:""")

_DEEPEST_TEXT: Final = 2
"""A patch in a kustomization is a text that is YAML itself; no one writes more than that."""
_MOST_TEXTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Plain:
    """What a file holds. ``secret``, ``literals``: lines, None where there is none.

    ``problem``: why it could not be read as YAML; its lines were searched instead.
    """

    secret: int | None = None
    literals: int | None = None
    problem: str | None = None


def find_plain(content: bytes) -> Plain:
    """A Secret with data, and a generator of Secrets with literals, however it is written."""
    try:
        return _Finder().first(read_documents(content), 0)
    except MalformedError as error:
        return _search_lines(text_of(content), error.message)


class _Finder:
    """Looks through one file, the texts in it that are YAML themselves included."""

    def __init__(self) -> None:
        self._texts = 0
        self._patches = Patches()

    def first(self, documents: list[Node], depth: int) -> Plain:
        """The first line of either."""
        secret = literals = None
        for one in self._find(documents, depth):
            secret = secret or one.secret
            literals = literals or one.literals
            if secret and literals:
                break
        return Plain(secret, literals)

    def _find(self, documents: list[Node], depth: int) -> Iterator[Plain]:
        for node in walk(documents):
            if isinstance(node, Map):
                kind = _text(node.get("kind"))
                if _is_secret(node, kind) or self._is_patched(node):
                    yield Plain(secret=node.line)
                if _has_literals(node, kind):
                    yield Plain(literals=node.line)
            elif isinstance(node, Text) and depth < _DEEPEST_TEXT and _may_hold(node.text):
                yield self._in_text(node, depth)

    def _is_patched(self, node: Map) -> bool:
        """Whether it is a patch that writes to a Secret without being one itself."""
        return any(map(_is_filled, written_values(node, self._patches.documents(node))))

    def _in_text(self, node: Text, depth: int) -> Plain:
        """A text that is YAML itself, such as a patch; the line is that of the text."""
        self._texts += 1
        if self._texts > _MOST_TEXTS:
            raise MalformedError("too much YAML inside strings to check", kind="not-yaml")
        try:
            inner = self.first(read_documents(node.text), depth + 1)
        except MalformedError as error:
            inner = _search_lines(node.text.encode("utf-8", "replace"), error.message)
        return Plain(inner.secret and node.line, inner.literals and node.line)


def _may_hold(text: str) -> bool:
    """Whether a text may be YAML with a Secret in it; one look, whatever its length."""
    return ":" in text and ("Secret" in text or "secret" in text)


def _is_secret(node: Map, kind: str | None) -> bool:
    if kind == "SecretList":
        items = node.get("items")
        return items is not None and any(
            isinstance(one, Map) and _has_data(one) for one in items.nodes
        )
    return kind == "Secret" and _has_data(node)


def _has_data(node: Map) -> bool:
    return any(_is_filled(node.get(name)) for name in ENTRIES)


def _has_literals(node: Map, kind: str | None) -> bool:
    """A kustomization's ``secretGenerator``, or the generator as a resource of its own."""
    if kind == "SecretGenerator" and _is_filled(node.get("literals")):
        return True
    generators = node.get("secretGenerator")
    return generators is not None and any(
        isinstance(one, Map) and _is_filled(one.get("literals")) for one in generators.nodes
    )


def _is_filled(node: Node | None) -> bool:
    """Whether there is anything; an empty container or null is nothing."""
    if isinstance(node, Map | Sequence):
        return bool(node.nodes)
    return node is not None and node.text not in {"", "null", "~"}


def _text(node: Node | None) -> str | None:
    return node.text if isinstance(node, Text) else None


def _search_lines(content: bytes, problem: str) -> Plain:
    """What can be told of a text that is not YAML, such as a page with an example in it."""
    secret = _SECRET_KIND.search(content) if _SECRET_DATA.search(content) else None
    literals = _LITERALS.search(content) if _GENERATED.search(content) else None
    return Plain(_line_of(secret, content), _line_of(literals, content), problem)


def _line_of(match: re.Match[bytes] | None, content: bytes) -> int | None:
    if match is None:
        return None
    start = match.end() - len(match.group().lstrip())
    return content.count(b"\n", 0, start) + 1
