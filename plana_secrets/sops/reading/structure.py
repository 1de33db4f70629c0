"""A tree and its metadata to a ``Structure``: which item is encrypted, and which should be."""

from __future__ import annotations

from plana_secrets.errors import MalformedError
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import (
    Comment,
    Defect,
    Empty,
    Item,
    Leaf,
    LeafType,
    Metadata,
    Selector,
    Severity,
    Structure,
)
from plana_secrets.sops.reading.comments import Found, find_comments
from plana_secrets.sops.reading.commentscope import CommentScope, comment_scope_of
from plana_secrets.sops.reading.metadata import read_metadata
from plana_secrets.sops.reading.parts import Container, Scalar, Tree
from plana_secrets.sops.reading.scalars import NULLS, resolve_plain
from plana_secrets.sops.reading.tokens import LOOKS_ENCRYPTED, START, parse_token
from plana_secrets.sops.rules.selectors import DEFAULT_SUFFIX, Scope, scope_of

_DEFAULTS = frozenset({Selector(), Selector("unencrypted_suffix", DEFAULT_SUFFIX)})
"""What sops takes where no one has chosen: a suffix of a rule's own is meant."""
_TYPES = {word: LeafType(word) for word in ("str", "int", "float", "bool", "time")}


def build_structure(tree: Tree, comments: list[Found] | None = None) -> Structure:
    """Everything that can be said about a file without a key.

    ``comments``: those of a format that is not YAML; None looks for YAML's.
    """
    if comments is None:
        comments = find_comments(tree)
    metadata = read_metadata(tree)
    if metadata is None and tree.metadata is None and not tree.defects:
        message = "no sops metadata: the file is not encrypted"
        tree.defects.append(Defect("not-sops", Severity.ERROR, message))
    builder = _Builder(tree, metadata)
    for container in tree.containers:
        builder.enter(container)
    if comments:
        for entry in sorted([*tree.scalars, *comments], key=lambda one: one.start):
            builder.add(entry)
    else:
        for entry in tree.scalars:
            builder.add(entry)
    return Structure(builder.items, metadata, tree.defects)


class _Builder:
    """Turns the text into items, one after another in document order."""

    def __init__(self, tree: Tree, metadata: Metadata | None) -> None:
        self.items: list[Item] = []
        self._defects = tree.defects
        self._encrypted_file = metadata is not None
        self._by_comment: CommentScope | None = None
        scope = None
        if metadata is not None:
            scope = self._scope(tree, metadata)
        self._hits = scope.hits if scope else _never
        # If the meaning of a selector is unclear, everything counts as to be encrypted.
        self._encrypted_on_hit = scope.encrypted_on_hit if scope else metadata is None
        self._readable_suffix = (
            scope is not None and metadata is not None and metadata.selector in _DEFAULTS
        )

    def _scope(self, tree: Tree, metadata: Metadata) -> Scope | None:
        try:
            self._by_comment = comment_scope_of(metadata.selector)
            return None if self._by_comment else scope_of(metadata.selector)
        except MalformedError as error:
            tree.refuse(f"metadata: {error.message}", metadata.line, ("sops",), "metadata")
            return None

    def enter(self, container: Container) -> None:
        """Carry the selector's answer down; containers come parents first."""
        for step in container.path:
            if isinstance(step, str) and self._hits(step):
                container.hit = True
                if step == container.path[-1] and self._readable_suffix:
                    self._refuse_suffix(container.line, container.path)
                return

    def _refuse_suffix(self, line: int, path: LeafPath) -> None:
        message = "a key with a suffix that tells sops not to encrypt the value"
        self._report("unencrypted-suffix", Severity.ERROR, message, line, path)

    def add(self, entry: Scalar | Container | Found) -> None:
        if isinstance(entry, Scalar):
            if entry.step is None:
                self._listed_comment(entry)
            else:
                self._scalar(entry, entry.step)
        elif isinstance(entry, Found):
            self._comment(entry)
        else:
            self._empty(entry)

    def _report(
        self, check: str, severity: Severity, message: str, line: int, path: LeafPath
    ) -> None:
        self._defects.append(Defect(check, severity, message, line, path))

    def _refuse(self, check: str, message: str, line: int, path: LeafPath) -> None:
        self._report(check, Severity.ERROR, message, line, path)

    def _scalar(self, scalar: Scalar, step: str | int) -> None:
        container = scalar.container
        path = (*container.path, step)
        hit = container.hit
        if not hit and type(step) is str and self._hits(step):
            hit = True
            if self._readable_suffix:
                self._refuse_suffix(scalar.line, path)
        if self._by_comment is not None:
            in_scope = self._by_comment.covers_leaf(path)
        else:
            in_scope = hit is self._encrypted_on_hit
        if in_scope:
            self._covered(scalar, path)
        else:
            self._readable(scalar, path)

    def _covered(self, scalar: Scalar, path: LeafPath) -> None:
        """A leaf that must be encrypted."""
        value, line = scalar.value, scalar.line
        token = parse_token(value)
        if token is not None:
            kind = _TYPES.get(token.type)
            if kind is not None:
                self.items.append(Leaf(path, line, kind, True, token, None))
                return
            self._refuse("not-canonical", "an encrypted comment is used as a value", line, path)
        elif not value or (scalar.plain and value in NULLS):
            self._bare(scalar, path)
            return
        elif value.startswith(LOOKS_ENCRYPTED):
            self._refuse("not-canonical", "not an encrypted value as sops writes it", line, path)
        else:
            self._refuse("not-encrypted", "the value is not encrypted", line, path)
        plain = Secret.from_text(value)
        self.items.append(Leaf(path, line, LeafType.STR, True, None, plain))

    def _bare(self, scalar: Scalar, path: LeafPath) -> None:
        """An empty text or a null, which sops neither encrypts nor authenticates."""
        kind = LeafType.NULL if scalar.plain else LeafType.STR
        check, what = ("null-value", "null") if scalar.plain else ("empty-value", "empty")
        message = f"the value is {what}, which sops does not protect"
        self._report(check, Severity.WARNING, message, scalar.line, path)
        self.items.append(Leaf(path, scalar.line, kind, True, None, Secret(b"")))

    def _readable(self, scalar: Scalar, path: LeafPath) -> None:
        """A leaf that the selector leaves in plaintext; its type matters for the MAC."""
        value, line = scalar.value, scalar.line
        resolved = resolve_plain(value) if scalar.plain else (LeafType.STR, value.encode())
        if resolved is None:
            message = "a number or a time that sops cannot use; quote it if it is text"
            self._refuse("ambiguous-scalar", message, line, path)
            resolved = LeafType.STR, value.encode()
        if self._encrypted_file and value.startswith(START):
            message = "an encrypted value where the selector does not encrypt"
            self._refuse("stray-ciphertext", message, line, path)
        self.items.append(Leaf(path, line, resolved[0], False, None, Secret(resolved[1])))

    def _empty(self, container: Container) -> None:
        path = container.path
        if not path:
            return
        kind = "list" if container.is_list else "map"
        if self._by_comment is not None:
            in_scope = self._by_comment.covers_leaf(path)
        else:
            in_scope = container.hit is self._encrypted_on_hit
        if in_scope:
            message = f"an empty {kind}, which sops does not protect"
            self._report("empty-container", Severity.WARNING, message, container.line, path)
        self.items.append(Empty(path, container.line, "list" if container.is_list else "map"))

    def _listed_comment(self, scalar: Scalar) -> None:
        """An encrypted comment of a list, which sops writes as if it were an element."""
        path = scalar.container.path
        token = parse_token(scalar.value)
        in_scope = scalar.container.hit is self._encrypted_on_hit
        if self._by_comment is not None:
            # To these selectors it is an element of its own, which no position counts.
            in_scope = self._by_comment.covers_leaf((*path, -scalar.line))
        if token is None or not in_scope:
            self._refuse(
                "not-canonical", "not an encrypted comment as sops writes it", scalar.line, path
            )
        self.items.append(
            Comment(
                path,
                scalar.line,
                in_scope,
                token,
                None if token else Secret.from_text(scalar.value),
            )
        )

    def _comment(self, found: Found) -> None:
        text, line = found.text, found.line
        path = found.candidates[0].path if found.candidates else ()
        if found.in_block:
            self._refuse("metadata", "metadata: a comment", line, ("sops",))
            return
        in_scope = self._covers_comment(found, path)
        token = parse_token(text) if in_scope else None
        if token is not None and token.type != "comment":
            token = None
        if not in_scope and self._encrypted_file:
            message = "a readable comment outside what is encrypted"
            self._report("readable-comment", Severity.NOTE, message, line, path)
        elif in_scope and not text:
            self._bare_comment(found, path)
        elif in_scope and token is None:
            cipher = text.startswith(LOOKS_ENCRYPTED)
            check = "not-canonical" if cipher else "plain-comment"
            what = (
                "not an encrypted comment as sops writes it"
                if cipher
                else "the comment is not encrypted"
            )
            self._refuse(check, what, line, path)
        others = tuple(one.path for one in found.candidates[: found.sure])
        plain = None if token else Secret.from_text(text)
        self.items.append(Comment(path, line, in_scope, token, plain, others))

    def _bare_comment(self, found: Found, path: LeafPath) -> None:
        """A ``#`` and no text, which sops does not encrypt; in a list it misreads its own file."""
        if any(one.is_list for one in found.candidates[: found.sure]):
            message = "a comment without text in a list, which sops reads as an empty element"
            self._refuse("plain-comment", message, found.line, path)

    def _covers_comment(self, found: Found, path: LeafPath) -> bool:
        if self._by_comment is not None:
            return self._by_comment.covers_comment(path, found.text)
        if not self._encrypted_file:
            return False
        sure = found.candidates[: found.sure]
        return any(one.hit is self._encrypted_on_hit for one in sure)


def _never(_key: str) -> bool:
    return False
