"""Whatever bytes a file holds, reading ends soon and says so without repeating them."""

from __future__ import annotations

import time
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.errors import PlanaSecretsError
from plana_secrets.sops.reading.containers import DEEPEST
from plana_secrets.sops.reading.parts import MOST_ENTRIES
from plana_secrets.sops.reading.reader import read_structure
from tests.sops.opening import read_document
from tests.sops.sopsfiles import Bench, identities_of
from tests.world import sops_program

FOLDER = Path(__file__).parents[1] / "vectors" / "sops"
SENTINEL = "SENTINEL7f3a"
IDENTITIES = identities_of(pyrage.x25519.Identity.generate())

HOSTILE = {
    "alias bomb": b"a: &a [x,x]\n"
    + b"".join(b"%c: &%c [*%c,*%c]\n" % (98 + i, 98 + i, 97 + i, 97 + i) for i in range(20)),
    "flow nesting": b"a: " + b"[" * 20_000,
    "map nesting": b"".join(b" " * i + b"a:\n" for i in range(1400)),
    "metadata nesting": b"sops: " + b"[" * 2_000,
    "metadata of nested maps": b"sops:\n" + b"".join(b" " * i + b"a:\n" for i in range(1, 1400)),
    "metadata behind an alias": b"a: &x y\nsops: {mac: *x}\n",
    "keys as maps": b"{" * 20_000,
    "question marks": b"? " * 3_000 + b"a",
    "one long line": b"a: " + b"x" * 10_000_000,
    "many comments": b"a: 1\n" + b"#\n" * 500_000,
    "comments between lists": b"a:\n" + b" - b: [c]\n   #x\n" * 1600,
    "many elements": b"a: [" + b"x," * 500_000 + b"]",
    "many empties": b"a: [" + b"[]," * 300_000 + b"]",
    "many keys": b"".join(b"k%d: 1\n" % i for i in range(90_000)),
    "one key again and again": b"k: 1\n" * 90_000,
    "many recipients": b"sops: {age: [" + b"{}," * 200_000 + b"]}",
    "a long number": b"a: " + b"9" * 900_000,
    "a long fraction": b"a: 0." + b"1" * 900_000,
    "a long time": b"a: 2020-01-01" + b" " * 900_000 + b"1",
    "not UTF-8": b"a: \xff\n",
    "UTF-16": "a: 1\n".encode("utf-16"),
    "a NUL": b"a: \0\n",
    "a raw surrogate": b"a: \xed\xa0\x80\n",
    "an escaped surrogate": b'a: "\\ud800"\n',
    "nothing": b"",
    "only a comment": b"# x\n",
    "a list": b"- a\n",
    "a text": b"a\n",
    "an unknown tag": b"a: !<tag:x> y\n",
    "metadata of the wrong shapes": b"sops: {age: [{recipient: x, enc: y}, 1, [2]], mac: [],"
    b" key_groups: {a: b}, version: {}, lastmodified: 2020-01-01, shamir_threshold: [],"
    b" mac_only_encrypted: {}, encrypted_regex: [a], pgp: {a: b}, kms: x}\n",
    "metadata that is a list": b"sops: [1]\n",
    "metadata that is null": b"sops:\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_time(name: str) -> None:
    start = time.process_time()
    structure = read_structure(HOSTILE[name])

    assert structure.errors()
    assert time.process_time() - start < 2


def test_depth_is_allowed_up_to_the_limit() -> None:
    deep = "".join(f"{' ' * depth}a:\n" for depth in range(DEEPEST))

    assert "yaml" not in [one.check for one in read_structure(f"{deep}\n".encode()).defects]


def test_more_comments_than_are_read_are_an_error_and_not_left_out() -> None:
    """Readable comments where everything must be encrypted, too many to look at."""
    vector = FOLDER / "manifest-3.11.0.yaml"
    text = vector.read_text()
    assert read_structure(text.encode()).errors() == ()
    assert read_structure(("# x\n" * 2 * MOST_ENTRIES + text).encode()).errors()


@given(st.binary(max_size=200))
def test_any_bytes_give_defects_and_no_exception(data: bytes) -> None:
    with pytest.raises(PlanaSecretsError):
        read_document(data, IDENTITIES)


@given(st.text(alphabet="a:-?#|>&*!%@`'\"[]{},\\ \n\t0~=<", max_size=120))
def test_any_yaml_gives_defects_and_no_exception(text: str) -> None:
    with pytest.raises(PlanaSecretsError):
        read_document(text.encode(), IDENTITIES)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(sops_program(), tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def encrypted(bench: Bench) -> bytes:
    return bench.encrypt("# about\na: x # y\nb:\n    - 1.5\n    - {c: true}\nd: 2020-01-01\n")


EDITS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.floats(0, 1),
        st.sampled_from(
            [" ", "\n", "\t", "#", ":", "- ", "[]", "{}", "null", "!!str ", "&a ", "*a", "? ", "|",
             "x", " x", "---\n", "...\n", "'", '"', "ENC[", "]", "\u00e9", "\u2028", "<<: ",
             "# x", "\n# x\n", "    ", ""]
        ),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip


@given(edits=EDITS)
def test_a_damaged_file_is_refused_or_means_what_sops_says(
    bench: Bench, encrypted: bytes, edits: list[tuple[int, float, str, int]]
) -> None:
    """Never read where sops refuses, never another value than sops gives."""
    import json

    from plana_secrets.sops.reading.jsonvalues import to_json_text

    lines = encrypted.decode().split("\n")
    for number, where, text, cut in edits:
        line = lines[number % len(lines)]
        place = round(where * len(line))
        lines[number % len(lines)] = line[:place] + text + line[place + cut :]
    data = "\n".join(lines).encode()
    try:
        document = read_document(data, bench.identities)
    except PlanaSecretsError:
        return
    assert json.loads(to_json_text(document, reveal=True)) == bench.decrypt(data)


def test_a_value_is_in_no_message(bench: Bench) -> None:
    """In every place where somebody could hide or forget one."""
    base = bench.encrypt(f"a: {SENTINEL}\nb: [{SENTINEL}]\n").decode()
    places = [
        base.replace("sops:\n", f"x: {SENTINEL}\nsops:\n"),
        base.replace("sops:\n", f"# {SENTINEL}\nsops:\n"),
        base.replace("sops:\n", f"sops:\n    {SENTINEL}: 1\n"),
        base.replace("sops:\n", f"sops:\n    version: {SENTINEL}\n"),
        base.replace("sops:\n", f"sops:\n    # {SENTINEL}\n"),
        base.replace("recipient: ", f"recipient: {SENTINEL}"),
        base.replace("enc: |", f"enc: {SENTINEL}\n          x: |"),
        base.replace("version: ", f"version: {SENTINEL}"),
        base.replace("mac: ", f"mac: {SENTINEL}"),
        base.replace('lastmodified: "', f'lastmodified: "{SENTINEL}'),
        base.replace("str]", f"str] {SENTINEL}"),
        base.replace("str]", f"{SENTINEL}]"),
        base.replace("a: ", f"a: !{SENTINEL} "),
        base.replace("a: ", f"a: &{SENTINEL} "),
        base.replace("a: ", f"a: *{SENTINEL} # "),
        base.replace("a: ", f'a: "{SENTINEL}'),
        base.replace("a: ", f"? [{SENTINEL}]\n: "),
        f"{base}--- {SENTINEL}\n",
        f"%{SENTINEL} x\n---\n{base}",
        f"{SENTINEL}\n{base}",
        base.replace("a: ENC", f"a:{SENTINEL} ENC"),
        f"sops: {SENTINEL}\na: x\n",
    ]
    for text in [*places, *(text + "\t" for text in places)]:
        assert SENTINEL in text or text in places
        with pytest.raises(PlanaSecretsError) as caught:
            read_document(text.encode(), bench.identities)
        said = f"{caught.value!r} {caught.value.facts} {read_structure(text.encode()).defects}"
        assert SENTINEL not in said
