"""The ``sops:`` block against its closed schema.

sops ignores what it does not know in there, so anything could be in it in plaintext.
Everything that sops writes itself is known here, and nothing else may be there. Names
and values that are not known are never repeated: they may be hidden secrets.

Source: ``stores/stores.go`` of sops 3.11.0.
"""

from __future__ import annotations

import re
from typing import Final

from plana_secrets.sops.model import LeafType, Metadata, RecipientStanza, Selector, Token
from plana_secrets.sops.reading.parts import (
    METADATA_KEY,
    Block,
    BlockList,
    BlockMap,
    BlockNode,
    Tree,
)
from plana_secrets.sops.reading.scalars import resolve_plain
from plana_secrets.sops.reading.stanza import stanza_problem
from plana_secrets.sops.reading.tokens import parse_token
from plana_secrets.sops.rules.selectors import SELECTOR_OPTIONS

_SERVICES: Final = ("kms", "gcp_kms", "azure_kv", "hc_vault", "hckms", "pgp")
_KNOWN: Final = frozenset(
    {*_SERVICES, *SELECTOR_OPTIONS, "age", "key_groups", "shamir_threshold", "lastmodified"}
    | {"mac", "mac_only_encrypted", "version"}
)
_VERSION: Final = re.compile(r"[123](?:\.[0-9]{1,4}){2}(?:-(?:alpha|beta|rc)\.?[0-9]{0,3})?")
_MAC_LENGTH: Final = 128


def read_metadata(tree: Tree) -> Metadata | None:
    """The metadata of a file; what is wrong with it joins the defects of the tree."""
    block = tree.metadata
    if block is None:
        return None
    if not isinstance(block, BlockMap):
        tree.refuse("the metadata block is not a map", tree.block_line, check="metadata")
        return None
    return _Reader(tree, block).read()


class _Reader:
    """One block on its way to ``Metadata``."""

    def __init__(self, tree: Tree, block: BlockMap) -> None:
        self._tree = tree
        self._block = block

    def read(self) -> Metadata:
        for key, node in self._block.items():
            if key not in _KNOWN:
                self._refuse("an entry that sops does not write", _line(node))
        services = self._services(self._block)
        recipients = self._recipients(self._block.get("age"))
        recipients += self._groups(self._block.get("key_groups"), has_keys=bool(recipients))
        if not recipients and all(one.check != "key-service" for one in self._tree.defects):
            self._refuse("no age recipient", self._tree.block_line)
        self._threshold()
        return Metadata(
            recipients=tuple(recipients),
            selector=self._selector(),
            mac_only_encrypted=self._flag("mac_only_encrypted"),
            lastmodified=self._lastmodified(),
            mac=self._mac(),
            version=self._version(),
            line=self._tree.block_line,
            other_keys=tuple(services),
        )

    def _refuse(self, message: str, line: int | None, check: str = "metadata") -> None:
        self._tree.refuse(f"metadata: {message}", line, (METADATA_KEY,), check)

    def _services(self, group: BlockMap) -> list[str]:
        """The key services other than age that have entries; an empty list is normal."""
        found: list[str] = []
        for name in _SERVICES:
            node = group.get(name)
            if node is None or _is_empty(node):
                continue
            found.append(name)
            message = f"entries for {name}, which cannot be checked here"
            self._refuse(message, _line(node), "key-service")
        return found

    def _recipients(self, node: BlockNode | None) -> list[RecipientStanza]:
        if node is None or _is_empty(node):
            return []
        if not isinstance(node, BlockList):
            self._refuse("the age entry is not a list", _line(node))
            return []
        return [stanza for entry in node if (stanza := self._stanza(entry)) is not None]

    def _stanza(self, entry: BlockNode) -> RecipientStanza | None:
        if not isinstance(entry, BlockMap) or set(entry) != {"recipient", "enc"}:
            self._refuse("an age entry that is not just recipient and enc", _line(entry))
            return None
        recipient, enc = self._text(entry["recipient"]), self._text(entry["enc"])
        if recipient is None or enc is None:
            return None
        problem = stanza_problem(recipient, enc)
        if problem is not None:
            self._refuse(f"age entry: {problem}", _line(entry), "stanza")
        return RecipientStanza(recipient, enc, _line(entry))

    def _groups(self, node: BlockNode | None, *, has_keys: bool) -> list[RecipientStanza]:
        """The recipients of a single key group; of several, each has only a part of the key."""
        if node is None or _is_empty(node):
            return []
        if has_keys or not isinstance(node, BlockList) or len(node) != 1:
            message = "several key groups, which split the data key"
            if has_keys:
                message = "both key groups and keys; sops ignores the keys"
            self._refuse(message, _line(node), "key-service")
            return []
        group = node[0]
        if not isinstance(group, BlockMap) or not set(group) <= {*_SERVICES, "age"}:
            self._refuse("a key group that is not a map of keys", _line(group))
            return []
        self._services(group)
        return self._recipients(group.get("age"))

    def _threshold(self) -> None:
        node = self._block.get("shamir_threshold")
        if node is None:
            return
        if not isinstance(node, Block) or not node.plain or node.value not in {"0", "1"}:
            self._refuse("a shamir threshold without key groups", _line(node), "key-service")

    def _selector(self) -> Selector:
        found: list[Selector] = []
        for option in SELECTOR_OPTIONS:
            node = self._block.get(option)
            if node is None:
                continue
            text = self._text(node)
            if text:
                found.append(Selector(option, text))
        if len(found) > 1:
            self._refuse("more than one selector", self._tree.block_line)
        return found[0] if found else Selector()

    def _flag(self, name: str) -> bool:
        node = self._block.get(name)
        if node is None:
            return False
        resolved = resolve_plain(node.value) if isinstance(node, Block) and node.plain else None
        if resolved is None or resolved[0] is not LeafType.BOOL:
            self._refuse(f"{name} is neither true nor false", _line(node))
            return False
        return resolved[1] == b"True"

    def _lastmodified(self) -> str:
        """The time as sops writes it: it is authenticated in exactly this spelling."""
        text = self._required("lastmodified")
        if text and (len(text) != 20 or not _is_utc(text)):
            self._refuse(
                "lastmodified is not a time like 2026-01-31T08:00:00Z",
                self._line_of("lastmodified"),
            )
        return text

    def _mac(self) -> Token | None:
        text = self._required("mac")
        token = parse_token(text) if text else None
        if text and (token is None or token.type != "str" or len(token.data) != _MAC_LENGTH):
            self._refuse("the mac is not an encrypted SHA-512", self._line_of("mac"))
            return None
        return token

    def _version(self) -> str:
        text = self._required("version")
        if text and not _VERSION.fullmatch(text):
            self._refuse("not a known version of sops", self._line_of("version"))
        return text

    def _required(self, name: str) -> str:
        node = self._block.get(name)
        if node is None:
            self._refuse(f"{name} is missing", self._tree.block_line)
            return ""
        text = self._text(node)
        if text == "":
            self._refuse(f"{name} is empty", _line(node))
        return text or ""

    def _text(self, node: BlockNode) -> str | None:
        """The text of a scalar that is a string for every reader."""
        if not isinstance(node, Block):
            self._refuse("an entry that is not a string", _line(node))
            return None
        if node.plain:
            resolved = resolve_plain(node.value)
            if resolved is None or resolved[0] is not LeafType.STR:
                self._refuse("an entry that is not a string; quote it", node.line)
                return None
        return node.value

    def _line_of(self, name: str) -> int:
        return _line(self._block[name])


def _is_utc(text: str) -> bool:
    return text.endswith("Z") and resolve_plain(text) == (LeafType.TIME, text.encode())


def _is_empty(node: BlockNode) -> bool:
    """An empty list or a null, both of which mean no keys at all."""
    if isinstance(node, Block):
        return node.plain and node.value in {"", "~", "null"}
    return not node


def _line(node: BlockNode) -> int:
    return node.line
