"""What is emitted, sops and the native reader take for exactly the same document."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.age.identities import Identities
from plana_secrets.document.emit import emit_yaml
from plana_secrets.errors import MalformedError
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.sops.model import Comment, Document, Empty, Item, Leaf, LeafType
from plana_secrets.sops.program.binary import Sops
from tests.sops.opening import read_document

Content = list[tuple[Item, Secret | None]]

ODD_KEYS = ["a", "b", "db.password", "yes", "on", "null", "1", "1e3", "x/y", "a b", "é", "- x"]
ODD_KEYS += [
    "#h",
    "'q'",
    '"q"',
    "?",
    "*a",
    "&a",
    "!t",
    "%d",
    "@x",
    "[x]",
    "{y}",
    ",",
    "|",
    "k" * 140,
]
ODD_TEXTS = [
    "a",
    " lead",
    "trail ",
    "# no",
    "é😀",
    "123",
    "true",
    "~",
    "a: b",
    "- a",
    "'\"\\",
    "x" * 300,
]
ODD_TEXTS += [
    "x\ny\n",
    "\r\n",
    "multi\n\nline\n\n",
    "\x00\x07",
    "\u2028\u0085\ufeff",
    "ENC[x]",
    "\t",
]

texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(st.characters(exclude_categories=["Cs"])))
keys = st.one_of(
    st.sampled_from(ODD_KEYS),
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=":"), min_size=1),
)
remarks = st.sampled_from([" remark", "tight", " # twice", " é", " a: b"])
typed = st.one_of(
    st.tuples(st.just(LeafType.STR), texts),
    st.tuples(st.just(LeafType.INT), st.integers(-(2**63), 2**63 - 1).map(str)),
    st.tuples(st.just(LeafType.BOOL), st.sampled_from(["True", "False"])),
    st.tuples(
        st.just(LeafType.FLOAT),
        st.sampled_from(["1", "1.5", "-0", "0.1", "1000000000000000000000", "+Inf", "-Inf", "NaN"]),
    ),
    st.tuples(
        st.just(LeafType.TIME),
        st.sampled_from(["2020-01-02T00:00:00Z", "2020-01-02T03:04:05.123456789+02:00"]),
    ),
    st.just((LeafType.NULL, "")),
    st.sampled_from([("map", ""), ("list", "")]),
)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Nested maps and lists of all types, with comments in front of entries."""
    found: Content = []
    _fill(draw, (), found, 0, is_map=True)
    return found


def _fill(draw: st.DrawFn, path: LeafPath, found: Content, depth: int, *, is_map: bool) -> None:
    steps: list[str] | range
    if is_map:
        steps = draw(
            st.lists(
                keys.filter(lambda key: key not in {"sops", "new"}),
                min_size=1,
                max_size=3,
                unique=True,
            )
        )
    else:
        steps = range(draw(st.integers(1, 3)))
    for step in steps:
        if draw(st.integers(0, 3)) == 0:
            found.append((comment(path), Secret.from_text(draw(remarks))))
        here = (*path, step)
        if depth < 3 and draw(st.integers(0, 3)) == 0:
            _fill(draw, here, found, depth + 1, is_map=draw(st.booleans()))
        else:
            found.append(_entry(here, *draw(typed)))


def _entry(path: LeafPath, kind: LeafType | str, text: str) -> tuple[Item, Secret | None]:
    if not isinstance(kind, LeafType):
        return Empty(path, 0, "map" if kind == "map" else "list"), None
    return leaf(path, kind), None if kind is LeafType.NULL else Secret.from_text(text)


def leaf(path: LeafPath, kind: LeafType = LeafType.STR, line: int = 0) -> Leaf:
    return Leaf(path, line, kind, in_scope=True, token=None, plain=None)


def comment(path: LeafPath, line: int = 0) -> Comment:
    return Comment(path, line, in_scope=True, token=None, plain=None)


def emit(content: Content) -> Secret:
    return emit_yaml([item for item, _ in content], [value for _, value in content])


def encrypt(sops: Sops, root: Path, plain: Secret) -> bytes:
    return sops.encrypt(plain, file="infra/x.yaml", config=root / ".sops.yaml", root=root)


def facts(content: Content) -> list[tuple[object, ...]]:
    """Leaves and empties with type and value, in order."""
    return [
        (item.path, item.type, b"" if value is None else value.reveal())
        if isinstance(item, Leaf)
        else (item.path, item.container)
        for item, value in content
        if not isinstance(item, Comment)
    ]


def comments(content: Content) -> Counter[tuple[LeafPath, bytes]]:
    """Comments by the keys above them; sops does not tell list positions apart there."""
    return Counter(
        (tuple(step for step in item.path if isinstance(step, str)), value.reveal())
        for item, value in content
        if isinstance(item, Comment) and value is not None
    )


def content_of(document: Document) -> Content:
    return list(zip(document.structure.items, document.values, strict=True))


@settings(max_examples=15)
@given(content=contents())
def test_sops_reads_back_what_was_emitted(
    sops: Sops, root: Path, identities: Identities, content: Content
) -> None:
    """Types, values, order and comments, in every nesting; and once more through a rewrite."""
    first = encrypt(sops, root, emit(content))
    document = read_document(first, identities)
    assert facts(content_of(document)) == facts(content)
    assert comments(content_of(document)) == comments(content)
    again = emit_yaml([*document.structure.items, leaf(("new",))], [*document.values, Secret(b"x")])
    second = read_document(sops.rewrite(first, again, identities=identities), identities)
    assert facts(content_of(second))[:-1] == facts(content)
    assert comments(content_of(second)) == comments(content)
    assert unique_tokens(document).items() <= unique_tokens(second).items()


def unique_tokens(document: Document) -> dict[tuple[object, ...], bytes]:
    """The iv of each value that stands once among its keys.

    sops remembers ivs by value and keys: it gives equal ones one iv. NaN equals nothing.
    """
    found: dict[tuple[object, ...], list[bytes]] = {}
    for item, value in content_of(document):
        if isinstance(item, Leaf) and item.token is not None and value != Secret(b"NaN"):
            names = tuple(step for step in item.path if isinstance(step, str))
            key = (names, item.type, value.reveal() if value is not None else b"")
            found.setdefault(key, []).append(item.token.iv)
    return {key: ivs[0] for key, ivs in found.items() if len(ivs) == 1}


def tokens(ciphertext: bytes) -> list[bytes]:
    """Every ciphertext of the document but the MAC."""
    return re.findall(rb"ENC\[[^]]*\]", ciphertext.partition(b"\nsops:")[0])


COMMENTED = """\
# first
a: "1"
b:
    # inside
    c: "2"
    # behind c
d:
    - "3"
    # before 4
    - "4"
    # behind the list
e:
    f:
        g: "5"
        # behind g
h: "6"
# last
"""


def test_comments_stay_where_they_are(sops: Sops, root: Path, identities: Identities) -> None:
    """One change below leaves every other ciphertext, comments included, as it was."""
    before = encrypt(sops, root, Secret.from_text(COMMENTED))
    document = read_document(before, identities)
    items = list(document.structure.items)
    values = [
        Secret.from_text("new") if isinstance(item, Leaf) and item.path == ("b", "c") else value
        for item, value in zip(items, document.values, strict=True)
    ]
    after = sops.rewrite(before, emit_yaml(items, values), identities=identities)
    changed = set(tokens(before)) ^ set(tokens(after))
    assert len(changed) == 2
    again = read_document(after, identities)
    assert comments(content_of(again)) == comments(content_of(document))
    assert again.structure.items[-1].path == ()


def test_a_comment_beside_a_value_stays_beside_it() -> None:
    """The newest sops keeps such comments; the line tells which value it belongs to."""
    content: Content = [
        (leaf(("a",), line=1), Secret.from_text("x")),
        (comment((), line=1), Secret.from_text(" of a")),
        (comment((), line=2), Secret.from_text(" of b")),
        (leaf(("b",), line=2), Secret.from_text("y")),
        (comment((), line=3), Secret.from_text(" alone")),
        (leaf(("c",), line=4), Secret.from_text("z")),
    ]
    assert emit(content).reveal_text() == ('"a": "x" # of a\n"b": "y" # of b\n# alone\n"c": "z"\n')


def test_an_entry_added_late_joins_its_container() -> None:
    """Items need not be sorted: an edit appends where it likes."""
    content: Content = [
        (leaf(("a", "b")), Secret.from_text("1")),
        (leaf(("c",)), Secret.from_text("2")),
        (leaf(("a", "d")), Secret.from_text("3")),
    ]
    assert emit(content).reveal_text() == '"a":\n    "b": "1"\n    "d": "3"\n"c": "2"\n'


def test_comments_of_a_container_that_is_gone_move_to_its_place() -> None:
    content: Content = [
        (comment(("a",)), Secret.from_text(" of what was there")),
        (leaf(("c",)), Secret.from_text("2")),
    ]
    assert emit(content).reveal_text() == '# of what was there\n"c": "2"\n'


def test_nothing_is_an_empty_map() -> None:
    assert emit([]).reveal_text() == "{}\n"


def test_bytes_that_are_no_text_survive(sops: Sops, root: Path, identities: Identities) -> None:
    """A string of sops may hold any bytes (from ``!!binary``)."""
    content: Content = [(leaf(("a",)), Secret(b"\xff\x00\xfe"))]
    document = read_document(encrypt(sops, root, emit(content)), identities)
    assert facts(content_of(document)) == facts(content)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ([(leaf(("sops",)), Secret(b"x"))], "bad-items"),
        ([(leaf(("sops", "mac")), Secret(b"x"))], "bad-items"),
        ([(leaf(("a",)), Secret(b"x")), (leaf(("a",)), Secret(b"y"))], "bad-items"),
        ([(leaf(("a",)), Secret(b"x")), (leaf(("a", "b")), Secret(b"y"))], "bad-items"),
        ([(leaf(("a", "b")), Secret(b"x")), (leaf(("a",)), Secret(b"y"))], "bad-items"),
        ([(leaf(("a", 0)), Secret(b"x")), (leaf(("a", "b")), Secret(b"y"))], "bad-items"),
        ([(leaf(()), Secret(b"x"))], "bad-items"),
        ([(leaf(("a",)), None)], "bad-items"),
        ([(leaf(("k" * 1001,)), Secret(b"x"))], "bad-items"),
        ([(comment(()), None)], "bad-items"),
        ([(comment(()), Secret(b"two\nhunter2"))], "bad-value"),
        ([(comment(()), Secret(b"\xff"))], "bad-value"),
        ([(leaf(("a",), LeafType.INT), Secret(b"hunter2"))], "bad-value"),
        ([(leaf(("a",), LeafType.INT), Secret(b"1\n"))], "bad-value"),
        ([(leaf(("a",), LeafType.FLOAT), Secret(b"1e3"))], "bad-value"),
        ([(leaf(("a",), LeafType.BOOL), Secret(b"true"))], "bad-value"),
        ([(leaf(("a",), LeafType.TIME), Secret(b"2020-01-02"))], "bad-value"),
        ([(leaf(("a",), LeafType.BYTES), Secret(b"hunter2"))], "bad-value"),
    ],
)
def test_what_is_no_document_is_refused_without_its_value(content: Content, kind: str) -> None:
    with pytest.raises(MalformedError) as caught:
        emit(content)
    assert caught.value.kind == kind
    assert "hunter2" not in str(caught.value)
