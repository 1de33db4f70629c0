"""Files that stop a build of Flux, and builds that leave encrypted files as they are. Pure."""

from __future__ import annotations

import functools

import pytest

from plana_secrets.verify import catalogue
from plana_secrets.verify.builds import Build
from plana_secrets.verify.checks.flux import check_builds, check_neighbours, judge_variables
from plana_secrets.verify.kustomize import Tree, key_of
from plana_secrets.verify.listings import Kept

KEYSET = "infra/secrets/keysets/app.yaml"
PLAIN = "infra/secrets/prod/mail.yaml"
SECRET = "infra/secrets/prod/app.secret.yaml"
LISTING = "infra/secrets/kustomization.yaml"
FILES = {
    KEYSET: "schema: x\n",
    PLAIN: "password: ENC[x]\n",
    SECRET: "",
    "apps/values.yaml": "replicas: 1\n",
    "apps/app.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
}
ALWAYS = {KEYSET, PLAIN, SECRET}


def found(
    *folders: str,
    files: dict[str, str] | None = None,
    decrypts: bool = True,
    patched: set[str] | None = None,
) -> list[tuple[str, str | None]]:
    every = FILES | (files or {})
    builds = [Build("clusters/prod.yaml", 1, folder, decrypts, "a") for folder in folders]
    findings = check_builds(
        builds,
        Tree(every, lambda file: every[file].encode()),
        keysets={KEYSET},
        manifests={SECRET: key_of("v1", "Secret", "", "app")},
        encrypted=ALWAYS,
        patched=patched or set(),
    )
    return sorted((one.check, one.file) for one in findings)


CONFIG = "apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {space}}}\n---\n"


def config(kind: str = "ConfigMap", name: str = "a", space: str = "default") -> str:
    return CONFIG.format(kind=kind, name=name, space=space)


@pytest.mark.parametrize(
    ("text", "clashes"),
    [
        (config(), True),
        (config(space='""'), True),
        (config(name="b") + config(name="b"), True),
        ('{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}]}', True),
        (config(name="b"), False),
        (config(space="other"), False),
        (config(kind="Service"), False),
        (config().replace("v1", "v2"), False),
    ],
)  # fmt: skip
def test_two_objects_of_one_name_stop_a_build(text: str, clashes: bool) -> None:
    file = "apps/b.yaml"
    expected = [("flux-duplicate", file)] if clashes else []
    files = {file: text, "apps/values.yaml": config("Service", "x")}
    assert found("apps", files=files) == expected
    listing = {"apps/kustomization.yaml": "resources: [app.yaml, b.yaml]\n"}
    assert found("apps", files=files | listing) == expected
    apart = {"apps/kustomization.yaml": "resources: [app.yaml]\n"}
    assert ("flux-duplicate", file) not in found("apps", files=files | apart) or not clashes


def test_a_manifest_that_is_encrypted_has_a_name_too() -> None:
    other = {"infra/secrets/prod/x.yaml": config("Secret", "app"), PLAIN: config()}
    assert found("infra/secrets/prod", files=other) == [
        ("flux-duplicate", "infra/secrets/prod/x.yaml")
    ]


def test_what_a_source_of_another_kind_holds_is_not_known() -> None:
    """An artifact of OCI may be of this repository or of any other."""
    builds = [Build("clusters/x.yaml", 1, "infra", False, None, other="OCIRepository app")]
    tree = Tree(FILES, lambda file: FILES[file].encode())
    check = functools.partial(
        check_builds, keysets={KEYSET}, manifests={SECRET: None}, encrypted=ALWAYS, patched=()
    )
    findings = list(check(builds, tree))
    assert {one.check for one in findings} == {
        "flux-no-decryption", "keyset-breaks-flux", "flux-not-a-manifest"
    }  # fmt: skip
    assert {str(one.severity) for one in findings} == {"warning"}
    assert all("if OCIRepository app holds this repository" in one.message for one in findings)
    builds.append(Build("clusters/y.yaml", 1, "infra", True, "a"))
    both = [one for one in check(builds, tree) if one.severity == "error"]
    assert {one.check for one in both} == {"keyset-breaks-flux", "flux-not-a-manifest"}


BREAKS = ("keyset-breaks-flux", KEYSET), ("flux-not-a-manifest", PLAIN)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("infra", sorted(BREAKS)),
        ("infra/secrets/keysets", [BREAKS[0]]),
        ("infra/secrets/prod", [BREAKS[1]]),
        ("apps", [("flux-not-a-manifest", "apps/values.yaml")]),
        ("infra/sec", []),
        (".", sorted((*BREAKS, ("flux-not-a-manifest", "apps/values.yaml")))),
    ],
)
def test_every_file_that_is_no_manifest_stops_a_build(
    folder: str, expected: list[tuple[str, str]]
) -> None:
    assert found(folder) == expected
    assert found(folder, folder) == expected


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_listing_keeps_them_out_and_lets_them_in(name: str) -> None:
    listing = f"infra/secrets/{name}"
    assert found("infra", files={listing: "resources: [prod/app.secret.yaml]\n"}) == []
    assert found("infra", files={listing: "resources: [prod/mail.yaml]\n"}) == [BREAKS[1]]


def test_a_build_that_does_not_decrypt_is_named_once() -> None:
    only = {LISTING: "resources: [prod/app.secret.yaml]\n"}
    error = ("flux-no-decryption", "clusters/prod.yaml")
    assert found("infra", files=only, decrypts=False) == [error]
    assert found("apps", decrypts=False) == [("flux-not-a-manifest", "apps/values.yaml")]
    assert found("infra", files=only, decrypts=False, patched={"decryption"}) == []
    assert found("infra", files=only) == []


@pytest.mark.parametrize(
    ("folder", "substitutes", "patched", "severities"),
    [
        ("infra", True, set(), ["error"]),
        ("infra", False, set(), []),
        ("infra", False, {"postBuild"}, ["error"]),
        ("apps", True, set(), ["warning"]),
        ("apps", False, set(), ["warning"]),
    ],
)
def test_a_variable_matters_where_a_build_replaces_it(
    folder: str, substitutes: bool, patched: set[str], severities: list[str]
) -> None:
    seen = [catalogue.found("flux-substitution", "x", file=SECRET)]
    build = Build(
        "clusters/prod.yaml", 1, folder, decrypts=True, source="a", substitutes=substitutes
    )
    judged = judge_variables(seen, [build], Tree(FILES, lambda _: b""), patched)
    assert [str(one.severity) for one in judged] == severities


DISABLED = "kustomize.toolkit.fluxcd.io/substitute: disabled"
PATCH = f"patch: '{{metadata: {{annotations: {{{DISABLED}}}}}}}'"
OPERATION = (
    'patch: \'[{"op": "add", "path": "/metadata/annotations/'
    'kustomize.toolkit.fluxcd.io~1substitute", "value": "disabled"}]\''
)


@pytest.mark.parametrize(
    ("listing", "severities"),
    [
        (f"commonAnnotations: {{{DISABLED}}}", []),
        (f"commonLabels: {{{DISABLED}}}", []),
        (f"labels: [{{pairs: {{{DISABLED}}}}}]", []),
        (f"patches: [{{{PATCH}, target: {{kind: Secret}}}}]", []),
        (f"patches: [{{{OPERATION}, target: {{version: v1, kind: Secret}}}}]", []),
        (f"patches: [{{{PATCH}, target: {{kind: Secret, name: x}}}}]", ["warning"]),
        (f"patches: [{{{PATCH}}}]", ["warning"]),
        (f"patches: [{{{PATCH}, target: {{kind: ConfigMap}}}}]", ["warning"]),
        ("commonAnnotations: {kustomize.toolkit.fluxcd.io/substitute: enabled}", ["error"]),
        ("namespace: x", ["error"]),
    ],
)
def test_a_listing_may_keep_the_variables_of_what_it_names(
    listing: str, severities: list[str]
) -> None:
    def judged(*folders: str, kept: Kept = Kept.NOT) -> list[str]:
        seen = [catalogue.found("flux-substitution", "x", file=SECRET)]
        builds = [
            Build("a.yaml", 1, one, decrypts=True, source="a", substitutes=True, kept=kept)
            for one in folders
        ]
        tree = Tree(files, lambda file: files[file].encode())
        return [str(one.severity) for one in judge_variables(seen, builds, tree, ())]

    plain = "resources: [prod/app.secret.yaml]\n"
    above = "resources: [infra/secrets]\n"
    files = FILES | {LISTING: f"{plain}{listing}\n", "kustomization.yaml": above}
    assert judged("infra/secrets") == severities
    assert judged(".") == severities
    assert judged("infra/secrets", "infra/secrets/prod") == ["error"]
    files |= {LISTING: plain, "kustomization.yaml": f"{above}{listing}\n"}
    assert judged(".") == severities
    assert judged(".", "infra/secrets") == ["error"]
    assert judged("infra/secrets", kept=Kept.ALL) == []
    assert judged("infra/secrets", kept=Kept.PERHAPS) == ["warning"]


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ("secretGenerator: [{name: a, files: [prod/mail.yaml]}]", "flux-no-decryption"),
        ("secretGenerator: [{name: a, files: [key.json=prod/mail.yaml]}]", "flux-no-decryption"),
        ("secretGenerator: [{name: a, files: [key=../../apps/app.yaml]}]", None),
        ("secretGenerator: [{name: a, envs: [prod/mail.yaml]}]", "flux-no-decryption"),
        ("patches: [{path: prod/app.secret.yaml}]", "flux-no-decryption"),
        ("configMapGenerator: [{name: a, files: [x=prod/mail.yaml]}]", "flux-not-decrypted"),
        ("resources: [prod/gone.yaml]", "flux-not-a-manifest"),
        ("resources: [prod/gone]", "flux-not-a-manifest"),
        ("resources: [../../apps]", "flux-not-a-manifest"),
        ("secretGenerator: [{name: a, files: [prod/gone.txt]}]", "flux-not-a-manifest"),
        (
            "resources: ['git@example.com:a/x.yaml', 'example.com/a/b', 'c?ref=x', '../../../x.yaml']",
            None,
        ),
        ("resources: [prod/mail.yaml/sub]", None),
        ("secretGenerator: [{name: a, literals: [a=b], files: {a: b}, envs: [[a]]}]", None),
        ("configMapGenerator: [{name: a, files: [../../apps/app.yaml]}]", None),
        ("resources: []\nsops: {mac: x}", "flux-not-decrypted"),
    ],
)
def test_what_a_generator_or_a_patch_takes(listing: str, expected: str | None) -> None:
    rival = LISTING.replace("yaml", "yml")
    both = {LISTING: "resources: [prod/app.secret.yaml]\n", rival: f"{listing}\n"}
    assert found("infra/secrets", files=both) == [("flux-not-a-manifest", LISTING)]
    only_when_closed = expected == "flux-no-decryption"
    place = "clusters/prod.yaml" if only_when_closed else LISTING
    said = [(expected, place)] if expected else []
    files = {LISTING: f"{listing}\n"}
    assert found("infra/secrets", files=files, decrypts=False) == said
    assert found("infra/secrets", files=files) == ([] if only_when_closed else said)


@pytest.mark.parametrize(
    ("folder", "is_here", "is_named"),
    [("gone", True, True), ("gone", False, False), ("apps/${name}", True, False),
     ("apps/<< inputs.name >>", True, False), ("vendor/x", True, False), ("vendors", True, True), ("infra/secrets/prod", True, False), (".", True, False)],
)  # fmt: skip
def test_a_folder_that_is_not_there_is_named_where_it_is_certain(
    folder: str, is_here: bool, is_named: bool
) -> None:
    build = Build("clusters/prod.yaml", 3, folder, True, "a", is_here=is_here)
    tree = Tree({SECRET, "vendor"}, lambda _: b"")
    manifests = {SECRET: key_of("v1", "Secret", "", "app")}
    findings = check_builds(
        [build], tree, keysets=(), manifests=manifests, encrypted=(), patched=()
    )
    places = [("clusters/prod.yaml", 3)] if is_named else []
    assert [(one.file, one.line) for one in findings] == places


def test_flux_goes_by_the_ending_of_the_key_that_a_generator_gives() -> None:
    files = {LISTING: "secretGenerator: [{name: a, files: [key=prod/mail.yaml]}]\n"}
    assert found("infra/secrets", files=files) == [("flux-not-decrypted", LISTING)]


def test_a_listing_that_renames_nothing_is_put_together_with_what_names_it() -> None:
    top, other = "infra/kustomization.yaml", "infra/x/kustomization.yaml"
    files = {top: "resources: [secrets, x]\n", LISTING: "resources: [prod/app.secret.yaml]\n",
             other: "resources: [b.yaml]\n", "infra/x/b.yaml": config("Secret", "app")}  # fmt: skip
    assert [check for check, _ in found("infra", files=files)] == ["flux-duplicate"]
    for field in ("namespace: x", "namePrefix: x-", "nameSuffix: -x", "patches: [{patch: a}]"):
        renamed = {other: f"{files[other]}{field}\n"}
        assert found("infra", files=files | renamed) == []


def neighbours(manifests: list[str], present: list[str] | None = None) -> list[tuple[str, str]]:
    findings = check_neighbours([KEYSET], manifests, present or [])
    return [(one.file or "", str(one.severity)) for one in findings]


def test_manifests_beside_a_keyset_are_a_warning() -> None:
    beside = ["infra/secrets/app.secret.yaml"]
    assert neighbours(beside) == [(KEYSET, "warning")]
    assert neighbours(["app.secret.yaml"]) == [(KEYSET, "warning")]
    assert neighbours([SECRET]) == []
    assert neighbours(beside, ["infra/secrets/keysets/kustomization.yaml"]) == []
    assert neighbours(["app.secret.yaml"], ["kustomization.yaml"]) == []
