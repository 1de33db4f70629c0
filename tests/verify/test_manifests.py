"""Secret manifests: readable fields from a closed list, strings in data and stringData."""

from __future__ import annotations

import pytest

from plana_secrets.document.kinds import SECRET_MANIFEST_SELECTOR
from plana_secrets.errors import UsageError
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.editing.encrypt import _check
from plana_secrets.secretfiles.writing.stage import parse_plain
from plana_secrets.sops.model import Leaf
from plana_secrets.sops.rules.selectors import is_encrypted_path
from tests.verify.inprocess import checks, verify
from tests.world import World

FILE = "infra/secrets/prod/app.secret.yaml"
GOOD = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
stringData:
    PASSWORD: hunter2
"""


@pytest.fixture(scope="module")
def world_of_manifests(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("manifests"))


def found_in(world: World, text: str) -> list[tuple[str, str | None]]:
    world.encrypt(FILE, text)
    report = verify(world, FILE)
    assert "hunter2" not in str(report.findings)
    return [(check, path) for check, _, path in checks(report)]


def refused(text: str) -> str | None:
    """The check, or the kind of error, with which `encrypt` refuses the same text."""
    content = parse_plain(Secret.from_text(text), FILE)
    leaves = [item.path for item in content.items if isinstance(item, Leaf)]
    encrypted = [path for path in leaves if is_encrypted_path(SECRET_MANIFEST_SELECTOR, path)]
    try:
        _check(content, SECRET_MANIFEST_SELECTOR, FILE, encrypted, [])
    except UsageError as error:
        return str(error.facts.get("check", error.kind))
    return None


def test_what_kubernetes_and_kubectl_write_is_no_finding(world_of_manifests: World) -> None:
    text = GOOD.replace("    name: app\n", "    name: app\n    creationTimestamp: null\n")
    extra = 'type: kubernetes.io/tls\nimmutable: true\ndata:\n    tls.key: aGVsbG8=\n    tls.crt: aGVsbG8=\n    empty: ""\n'
    assert refused(text + extra) is None
    # an empty value is a warning of its own kind
    assert found_in(world_of_manifests, text + extra) == [("empty-value", "data.empty")]


def test_folded_base64_is_base64(world_of_manifests: World) -> None:
    text = GOOD + "data:\n    a: |\n        aGVs\n        bG8=\n"
    assert found_in(world_of_manifests, text) == []


@pytest.mark.parametrize(
    ("old", "new", "check", "path"),
    [
        ("kind: Secret", "kind: ConfigMap", "manifest-shape", "kind"),
        ("apiVersion: v1", "apiVersion: v2", "manifest-shape", "apiVersion"),
        ("    name: app", "    namespace: app", "manifest-shape", "metadata.name"),
        ("    name: app", "    name: 5", "manifest-shape", "metadata.name"),
        ("    name: app", "    name: app\n    uid: x", "manifest-shape", "metadata.uid"),
        ("    name: app", "    name: app\n    labels: {a: 1}", "manifest-shape", "metadata.labels.a"),
        ("    name: app", "    name: app\n    labels: [a]", "manifest-shape", "metadata.labels[0]"),
        (
            "    name: app", "    name: app\n    annotations: {a: {b: c}}",
            "manifest-shape", "metadata.annotations.a.b",
        ),
        ("stringData:", "note: hunter2\nstringData:", "manifest-shape", "note"),
        ("stringData:", "immutable: yes\nstringData:", "manifest-shape", "immutable"),
        ("stringData:", "note: null\nstringData:", "manifest-shape", "note"),
        ("PASSWORD: hunter2", "PASSWORD: 1", "manifest-data", "stringData.PASSWORD"),
        ("PASSWORD: hunter2", "PASSWORD: true", "manifest-data", "stringData.PASSWORD"),
        ("PASSWORD: hunter2", "PASSWORD: {a: hunter2}", "manifest-data", "stringData.PASSWORD.a"),
        ("PASSWORD: hunter2", "PASSWORD: [hunter2]", "manifest-data", "stringData.PASSWORD[0]"),
        ("stringData:\n    PASSWORD", "data:\n    PASSWORD", "data-not-base64", "data.PASSWORD"),
        ("stringData:\n    PASSWORD: hunter2", "data: [aGk=]", "manifest-data", "data[0]"),
        ("stringData:\n    PASSWORD: hunter2", "data: hunter2", "manifest-data", "data"),
    ],
)  # fmt: skip
def test_what_kubernetes_refuses_or_nobody_should_read_is_named(
    world_of_manifests: World, old: str, new: str, check: str, path: str
) -> None:
    assert old in GOOD
    assert (check, path) in found_in(world_of_manifests, GOOD.replace(old, new))
    assert refused(GOOD.replace(old, new)) in {check, "not-a-string", "not-base64"}


_LONG = "a" * 64


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("name: app", "name: App", "metadata.name"),
        ("name: app", "name: a_b", "metadata.name"),
        ("name: app", "name: a..b", "metadata.name"),
        ("name: app", "name: -a", "metadata.name"),
        ("name: app", "name: app\n    namespace: a.b", "metadata.namespace"),
        ("name: app", f"name: app\n    namespace: {_LONG}", "metadata.namespace"),
        ("name: app", "name: app\n    labels: {a: b c}", "metadata.labels.a"),
        ("name: app", "name: app\n    labels: {a/b/c: d}", "metadata.labels.a/b/c"),
        ("name: app", f"name: app\n    labels: {{a: {_LONG}}}", "metadata.labels.a"),
        ("name: app", "name: app\n    annotations: {a b: c}", 'metadata.annotations["a b"]'),
        ("PASSWORD", "a b", 'stringData["a b"]'),
        ("PASSWORD", "a/b", "stringData.a/b"),
        ("PASSWORD", "..b", 'stringData["..b"]'),
        ("PASSWORD", "é", "stringData.é"),
        ("stringData:", "type: kubernetes.io/tls\nstringData:", "type"),
        ("stringData:", "type: kubernetes.io/dockerconfigjson\nstringData:", "type"),
    ],
)
def test_a_name_that_kubernetes_refuses_is_named(
    world_of_manifests: World, old: str, new: str, path: str
) -> None:
    assert {
        (check, spelled) for check, spelled in found_in(world_of_manifests, GOOD.replace(old, new))
    } == {("kubernetes-name", path)}
    assert refused(GOOD.replace(old, new)) in {"kubernetes-name", "bad-key"}


_DOCKER = "type: kubernetes.io/dockerconfigjson\n"
_TOKEN = "type: kubernetes.io/service-account-token\n"
_ACCOUNT = "    annotations: {kubernetes.io/service-account.name: app}\n"
_BASIC = "type: kubernetes.io/basic-auth\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD + _BASIC, [("kubernetes-name", "type")]),
        (GOOD.replace("PASSWORD", "username") + _BASIC, []),
        (GOOD.replace("PASSWORD", "password") + _BASIC, []),
        (GOOD + _TOKEN, [("kubernetes-name", "type")]),
        (GOOD.replace("stringData", f"{_ACCOUNT}stringData") + _TOKEN, []),
        (GOOD.replace("PASSWORD", ".dockerconfigjson") + _DOCKER, [("value-of-type", 'stringData[".dockerconfigjson"]')]),
        (GOOD.replace("PASSWORD: hunter2", ".dockerconfigjson: '{}'") + _DOCKER, []),
        (GOOD.replace("stringData", "data").replace("PASSWORD: hunter2", ".dockerconfigjson: aHVudGVyMg==") + _DOCKER, [("value-of-type", 'data[".dockerconfigjson"]')]),
        (GOOD.replace("PASSWORD: hunter2", ".dockercfg: '['") + _DOCKER.replace("configjson", "cfg"), [("value-of-type", 'stringData[".dockercfg"]')]),
    ],
)  # fmt: skip
def test_what_the_api_server_demands_of_a_type_is_a_warning(
    world_of_manifests: World, text: str, found: list[tuple[str, str]]
) -> None:
    assert found_in(world_of_manifests, text) == found
    assert {str(one.severity) for one in verify(world_of_manifests, FILE).findings} <= {"warning"}
    assert refused(text) is None


@pytest.mark.parametrize("kind", ["List", "SecretList"])
def test_a_list_has_a_sentence_of_its_own(world_of_manifests: World, kind: str) -> None:
    entry = GOOD.replace("\n", "\n      ").rstrip()
    text = f"apiVersion: v1\nkind: {kind}\nitems:\n    - {entry}\n"
    assert found_in(world_of_manifests, text) == [("manifest-shape", "kind")]
    assert refused(text) == "manifest-shape"
    found = verify(world_of_manifests, FILE).findings
    assert found[0].message == f"a {kind}: write each Secret into a file of its own"
    # what is readable in it and must not be is still named
    readable = text.replace("metadata:", "note: hunter2\n      metadata:")
    assert ("manifest-shape", "items[0].note") in found_in(world_of_manifests, readable)


def test_names_that_kubernetes_takes_are_no_finding(world_of_manifests: World) -> None:
    metadata = '    labels: {app.kubernetes.io/name: A_b.c, empty: ""}\n    annotations: {Example.com/A: any text}\n'
    keys = f"    .dockerconfigjson: x\n    a-B_c.d: x\n    .hidden: x\n    {'k' * 253}: x\n"
    text = GOOD.replace("name: app\n", f"name: {_LONG}.1.b-c\n{metadata}") + keys
    assert found_in(world_of_manifests, text) == []


@pytest.mark.parametrize("value", ["a${b}c", "a$$b", "${", "$$"])
def test_a_value_that_flux_would_replace_is_a_warning_without_the_annotation(
    world_of_manifests: World, value: str
) -> None:
    text = GOOD.replace("hunter2", value)
    assert found_in(world_of_manifests, text) == [("flux-substitution", "stringData.PASSWORD")]
    for place in ("annotations", "labels"):
        disabled = f"name: app\n    {place}: {{kustomize.toolkit.fluxcd.io/substitute: disabled}}"
        assert found_in(world_of_manifests, text.replace("name: app", disabled)) == []


@pytest.mark.parametrize("value", ["$word", "$2b$12$abc", "a$", "a{$}"])
def test_a_dollar_alone_means_nothing_to_flux(world_of_manifests: World, value: str) -> None:
    assert found_in(world_of_manifests, GOOD.replace("hunter2", value)) == []


def test_a_file_that_flux_does_not_decrypt_is_named(world_of_manifests: World) -> None:
    annotation = "annotations: {kustomize.toolkit.fluxcd.io/decrypt: Disabled}"
    text = GOOD.replace("name: app", f"name: app\n    {annotation}")
    path = 'metadata.annotations["kustomize.toolkit.fluxcd.io/decrypt"]'
    assert found_in(world_of_manifests, text) == [("flux-not-decrypted", path)]


def test_the_annotation_that_repeats_the_secret_in_plain_cannot_be_accepted(
    world_of_manifests: World,
) -> None:
    name = "kubectl.kubernetes.io/last-applied-configuration"
    text = GOOD.replace("name: app\n", f"name: app\n    annotations:\n        {name}: hunter2\n")
    assert found_in(world_of_manifests, text) == [
        ("manifest-last-applied", f'metadata.annotations["{name}"]')
    ]


def test_markers_between_ciphertexts_are_no_secret_in_plaintext(world_of_manifests: World) -> None:
    path = world_of_manifests.encrypt(FILE, GOOD)
    text = path.read_text()
    line = next(one for one in text.splitlines() if "ENC[" in one)
    path.write_text(text.replace(line, f"<<<<<<< a\n{line}\n=======\n{line}\n>>>>>>> b"))
    assert [one[0] for one in checks(verify(world_of_manifests, FILE))] == ["merge-conflict"]


def test_data_in_a_plain_map_is_a_key_like_any_other(world_of_manifests: World) -> None:
    plain = "infra/secrets/prod/plain.yaml"
    world_of_manifests.encrypt(plain, "data:\n    a: no base64!\n    b: [1]\n")
    assert checks(verify(world_of_manifests, plain)) == []


def test_a_key_in_both_maps_is_a_warning_about_the_one_that_no_pod_sees(
    world_of_manifests: World,
) -> None:
    text = GOOD + "data:\n    PASSWORD: aGk=\n    OTHER: aGk=\n"
    assert found_in(world_of_manifests, text) == [("manifest-data", "data.PASSWORD")]
    (finding,) = verify(world_of_manifests).findings
    assert finding.severity == "warning"


def test_entries_that_are_empty_are_told_from_those_of_another_shape(
    world_of_manifests: World,
) -> None:
    base = GOOD.replace("stringData:\n    PASSWORD: hunter2\n", "")
    for entry, expected in (
        ("data: {}\n", []), ("data: []\n", ["manifest-data"]), ("data:\n    a: {}\n", ["manifest-data"]),
        ("data:\n    a: []\n", ["manifest-data"]), ("data: null\n", []),
    ):  # fmt: skip
        found = found_in(world_of_manifests, base + entry)
        assert [one for one, _path in found if one.startswith("manifest")] == expected, entry
