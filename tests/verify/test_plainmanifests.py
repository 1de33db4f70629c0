"""A Secret in plain is seen however it is written, and reading is bounded whatever is there."""

from __future__ import annotations

import json
import time

import pytest

from plana_secrets.verify.checks.plainmanifests import find_plain
from tests.verify.inprocess import checks, of_check, verify, write
from tests.world import World

KUSTOMIZATION = "infra/secrets/dev/kustomization.yaml"
SECRET = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "hunter2"}}

SECRETS = {
    "flow": "{apiVersion: v1, kind: Secret, data: {a: aGk=}}",
    "json": json.dumps(SECRET),
    "json, indented with tabs": json.dumps(SECRET, indent="\t"),
    "a key before": json.dumps({"z": 1} | SECRET),
    "several documents": "a: 1\n---\nkind: Secret\nmetadata: {name: x}\ndata: {a: aGk=}\n",
    "a later document in flow style": "a: 1\n---\n{kind: Secret, data: {a: b}}\n...\n",
    "a list": json.dumps({"kind": "List", "items": [{"kind": "ConfigMap"}, SECRET]}),
    "a list of the kind": json.dumps({"kind": "SecretList", "items": [{"data": {"a": "b"}}]}),
    "quoted": '"kind": "Secret"\n\'stringData\': {a: b}\n',
    "escaped": '"\\x6bind": "Se\\u0063ret"\ndata: {a: b}\n',
    "tagged": "kind: !!str Secret\ndata: !!map {a: b}\n",
    "a block scalar": "kind: |-\n  Secret\ndata: {a: b}\n",
    "folded": "kind: >-\n  Secret\ndata: {a: b}\n",
    "an explicit key": "? kind\n: Secret\n? data\n: {a: b}\n",
    "an anchor": "kind: &k Secret\ndata: {a: b}\n",
    "an alias": "x: &k Secret\ny: {kind: *k, data: {a: b}}\n",
    "an alias of the data": "x: &d {a: b}\ny:\n  kind: Secret\n  data: *d\n",
    "an alias as a key": "x: &k kind\ny: {*k : Secret, data: {a: b}}\n",
    "a merge key": "x: &s {kind: Secret}\ny:\n  <<: *s\n  data: {a: b}\n",
    "a list of merge keys": "x: &s {kind: Secret}\ny: {<<: [{q: 1}, *s], data: {a: b}}\n",
    "a merge of a merge": "a: &a {kind: Secret}\nb: &b {<<: *a}\nc: {<<: *b, data: {a: b}}\n",
    "a comment between": "kind: Secret # x\n# y\ndata: # z\n  a: b\n",
    "deep": json.dumps({"a": [[{"b": [SECRET]}]]}),
    "a patch": "patches:\n- patch: |\n    kind: Secret\n    stringData: {a: b}\n",
    "a patch in quotes": 'patches: [{patch: "{kind: Secret, stringData: {a: b}}"}]',
    "a patch that is no YAML": "patches:\n- patch: |\n    kind: Secret\n    data:\n      a: {{ b }}: c\n",
    "a patch of operations": "patches:\n- target: {kind: Secret}\n  patch: |\n"
    "    - {op: add, path: /data/a, value: aGk=}\n",
    "operations in json": 'patchesJson6902: [{target: {kind: "Secret|ConfigMap"}, '
    """patch: '[{"op": "replace", "path": "/data", "value": {"a": "b"}}]'}]""",
    "operations on what only a secret has": "spec:\n  patches:\n  - patch: |\n"
    "      - {op: add, path: /stringData/a, value: b}\n",
    "a patch whose kind counts for nothing": "patches:\n- target: {kind: Secret}\n  patch: |\n"
    "    kind: any\n    stringData: {a: b}\n",
    "a directive": "%YAML 1.1\n---\nkind: Secret\ndata: {a: b}\n",
    "data is a text": "kind: Secret\ndata: aGk=\n",
    "twice": "kind: ConfigMap\nkind: Secret\ndata: {a: b}\n",
}

NONE = {
    "no data": "kind: Secret\nmetadata: {name: x}\n",
    "empty data": "kind: Secret\ndata: {}\nstringData: null\n",
    "another kind": "kind: SealedSecret\nspec: {template: {data: {a: b}}}\n",
    "a config map": "kind: ConfigMap\ndata: {kind: Secret}\n",
    "a target of a patch": "patches:\n- target: {kind: Secret}\n  path: x.yaml\n"
    "configMapGenerator:\n- name: x\n  literals: [data=1]\n",
    "operations on another kind": "patches:\n- target: {kind: ConfigMap}\n  patch: |\n"
    "    - {op: add, path: /data/a, value: b}\n",
    "operations that write no value": "patches:\n- target: {kind: Secret}\n  patch: |\n"
    "    - {op: remove, path: /data/a}\n    - {op: add, path: /metadata/labels, value: {a: b}}\n"
    "    - {op: test, path: /data/a, value: b}\n",
    "files": "secretGenerator:\n- name: x\n  files: [a=b.yaml]\n  envs: [c.env]\n",
    "commented out": "# kind: Secret\n# data:\n#   a: b\nresources: []\n",
    "a cycle": "a: &a\n  <<: *a\n  b: *a\n",
    "nothing": "",
    "only a comment": "# x\n",
    "a scalar": "Secret",
}

GENERATORS = {
    "block": "secretGenerator:\n  - name: x\n    literals:\n      - a=b\n",
    "flow": "secretGenerator: [{name: x, literals: [a=hunter2]}]",
    "json": '{"secretGenerator": [{"literals": ["a=b"]}]}',
    "indented": "  secretGenerator:\n  - literals: [a=b]\n",
    "an alias": "x: &l [a=b]\nsecretGenerator: [{literals: *l}]\n",
    "a resource": "apiVersion: builtin\nkind: SecretGenerator\nliterals: [a=b]\n",
    "second": "secretGenerator:\n- {name: x, files: [a]}\n- {name: y, literals: [a=b]}\n",
}

BUDGET = 2.0
"""Seconds of the processor, far more than any of these takes."""

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"]


def encoded(text: str, encoding: str) -> bytes:
    if encoding.endswith("-bom"):
        encoding = encoding.removesuffix("-bom")
        return "\ufeff".encode(encoding) + text.encode(encoding)
    return text.encode(encoding)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_seen(name: str, ending: str, encoding: str) -> None:
    plain = find_plain(encoded(SECRETS[name].replace("\n", ending), encoding))
    assert plain.secret is not None
    assert plain.problem is None


@pytest.mark.parametrize("name", NONE)
def test_what_holds_no_secret_is_none(name: str) -> None:
    plain = find_plain(NONE[name].encode())
    assert (plain.secret, plain.literals, plain.problem) == (None, None, None)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_with_literals_is_seen(name: str) -> None:
    plain = find_plain(GENERATORS[name].encode())
    assert (plain.secret, plain.problem) == (None, None)
    assert plain.literals is not None


def test_the_line_is_that_of_the_secret() -> None:
    assert find_plain(b"a: 1\n---\n\nkind: Secret\ndata: {a: b}\n").secret == 4
    assert find_plain(b"# A page\n\n    kind: Secret\n    data:\n\n{{").secret == 3


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"kind: Secret\ndata:\n  a: [b\n", "not YAML"),
        ("kind: Secret\ndata: {a: b}\n".encode("utf-16-le"), "not YAML"),
        (b"\xff\xfe\x00", "not YAML"),
        (b"a: \x00\n", "not YAML"),
        (b"a: *b\n", "alias without an anchor"),
        (b"[" * 20_000, "YAML"),
        (b"{a: " * 20_000, "YAML"),
        (b"- " * 20_000, "YAML"),
        (b"[" + b"1," * 300_000 + b"]", "too much or too deeply"),
        (b"\n" * (2 << 20) + b"}", "larger"),
        (b" " * (1 << 20) + b"}", "not YAML"),
        (b"\n" * (1 << 20) + b"}", "not YAML"),
        (b" " * (5 << 20) + b"}", "larger"),
        (
            b"a: &a [b]\n" + b"".join(b"c%d: *a\n" % n for n in range(150_000)),
            "too much or too deeply",
        ),
    ],
)
def test_what_cannot_be_read_says_so_and_takes_no_time(content: bytes, problem: str) -> None:
    start = time.process_time()
    assert problem in (find_plain(content).problem or "")
    assert time.process_time() - start < BUDGET


CHAIN = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 12_000))
FAN = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 50)}]}}\n" for n in range(1, 30)
)
WIDE = f"l: &l [{', '.join(['{x: 1}'] * 5_000)}]\n" + "".join(
    f"b{n}: {{<<: *l}}\n" for n in range(5_000)
)
PATCH = f"x: &p '[{{op: add, path: /q, value: {'a' * 500_000}}}]'\n" + "".join(
    f"b{n}: {{patch: *p, target: {{kind: Secret}}}}\n" for n in range(5_000)
)
TEXTS = "".join(f"- '{{kind: Secret, n: {n}}}'\n" for n in range(90_000))


@pytest.mark.parametrize(
    "content", [CHAIN, FAN, WIDE, PATCH, TEXTS], ids=["chain", "fan", "wide", "patch", "texts"]
)
def test_merge_keys_and_texts_take_no_time(content: str) -> None:
    start = time.process_time()
    plain = find_plain(content.encode())
    assert time.process_time() - start < BUDGET
    assert plain.secret is None
    assert (plain.problem is not None) is (content is TEXTS)


def test_laughs_are_read_and_not_copied() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    start = time.process_time()
    found = find_plain("\n".join([*lines, "z: {kind: Secret, data: {a: b}}"]).encode())
    assert found.secret == 61
    assert time.process_time() - start < BUDGET


def test_both_are_findings_also_of_files_that_may_be_readable(small: World) -> None:
    write(small, KUSTOMIZATION, json.dumps(SECRET))
    assert checks(verify(small)) == [("plaintext-secret", KUSTOMIZATION, None)]
    write(small, KUSTOMIZATION, GENERATORS["flow"])
    (finding,) = of_check(verify(small), "plaintext-secret")
    assert (finding.severity, finding.line) == ("warning", 1)
    assert "hunter2" not in finding.message
    write(small, KUSTOMIZATION, "resources: []\n")
    stranger = "infra/secrets/dev/x.json"
    write(small, stranger, json.dumps(SECRET))
    assert checks(verify(small)) == [("plaintext-secret", stranger, None)]


@pytest.mark.parametrize("content", [b"a: [b\n", "kind: Secret\n".encode("utf-16-le")])
def test_a_readable_file_that_is_no_yaml_is_a_warning(small: World, content: bytes) -> None:
    write(small, KUSTOMIZATION, content)
    write(small, "infra/secrets/dev/README.md", content)
    report = verify(small)
    assert checks(report) == [("plain-not-yaml", KUSTOMIZATION, None)]
    assert report.exit_code() == 0
    assert report.exit_code(strict=True) == 1


@pytest.mark.parametrize("piece", ["sops:", "secret", ":Secret", "ENC[data:", " : "])
def test_a_long_text_costs_no_more_than_its_length(piece: str) -> None:
    """Bounded by the clock only so far that a quadratic search could never pass."""
    content = b"apiVersion: " + piece.encode() * (1_000_000 // len(piece)) + b"\n"
    start = time.process_time()
    find_plain(content)
    assert time.process_time() - start < 20
