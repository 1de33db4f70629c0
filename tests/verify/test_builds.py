"""What Flux builds, read from its own files however they are written. Pure."""

from __future__ import annotations

import json

import pytest

from plana_secrets.verify.builds import Flux
from plana_secrets.verify.kustomize import Tree, read_objects
from plana_secrets.verify.listings import Kept

API = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
LISTING = "resources:\n- a.yaml\n"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"


def flux(*contents: str) -> Flux:
    read = Flux()
    for number, content in enumerate(contents):
        read.read(f"clusters/{number}.yaml", content.encode())
    return read


def folders(*contents: str) -> list[str]:
    return [one.folder for one in flux(*contents).builds]


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("./infra", "infra"),
        ("infra", "infra"),
        ("/infra/", "infra"),
        ("./infra/", "infra"),
        ('"./infra"', "infra"),
        ("'infra'", "infra"),
        ("./infra # all of it", "infra"),
        ("./infra/../infra/secrets//prod", "infra/secrets/prod"),
        ("./", "."),
        (".", "."),
        ("/", "."),
    ],
)
def test_a_folder_is_read_however_it_is_spelled(path: str, folder: str) -> None:
    assert folders(f"{API}spec:\n  path: {path}\n") == [folder]


@pytest.mark.parametrize(
    "content",
    [
        f"{API}spec: {{path: ./infra}}\n",
        f"{API}spec:\n    interval: 1m\n    path:   >-\n      ./infra\n",
        '{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "spec": {"path": "./infra"}}',
        "kind: 'Kustomization'\n'apiVersion': kustomize.toolkit.fluxcd.io/v1beta2\nspec: {\"path\": infra}\n",
        f"spec: &s\n  path: infra\n---\n{API}spec: {{path: infra}}\n",
        f"---\n# first\n---\n{API}spec:\n  path: ./infra\n---\n",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: kustomize.toolkit.fluxcd.io/v1\n  kind: Kustomization\n  spec: {path: infra}\n",
    ],
)
def test_a_kustomization_is_read_in_every_form_of_yaml(content: str) -> None:
    assert folders(content) == ["infra"]


def test_without_a_path_everything_is_built() -> None:
    assert folders(f"{API}spec:\n  interval: 10m\n", API) == [".", "."]


def test_only_kustomizations_of_flux_build_something() -> None:
    other = API.replace("kustomize.toolkit.fluxcd.io", "kustomize.config.k8s.io")
    git = API.replace("Kustomization", "GitRepository")
    document = "spec:\n  path: ./infra\n"
    assert folders(f"{other}{document}---\n{git}{document}", "{{ template }}: [") == []


@pytest.mark.parametrize(
    ("text", "decrypts"),
    [
        ("  decryption:\n    provider: sops\n", True),
        ("  decryption: {provider: sops, secretRef: {name: a}}\n", True),
        ("  decryption: {}\n", False),
        ("", False),
    ],
)
def test_decryption_is_read(text: str, decrypts: bool) -> None:
    (build,) = flux(f"{API}spec:\n  path: a\n{text}").builds
    assert build.decrypts is decrypts


@pytest.mark.parametrize(
    "patch",
    [
        "patches:\n- target: {group: kustomize.toolkit.fluxcd.io}\n  patch: |\n    spec:\n      decryption: {}\n",
        'patches:\n- patch: \'[{"op": "add", "path": "/spec/decryption", "value": {}}]\'\n',
        f"{API}metadata: {{name: any}}\nspec: {{decryption: {{provider: sops}}}}\n",
    ],
)
def test_a_patch_that_adds_decryption_is_seen(patch: str) -> None:
    assert flux(patch).patched == {"decryption"}
    assert flux(patch).builds == []


def test_a_whole_kustomization_is_no_patch() -> None:
    assert not flux(f"{API}spec: {{path: a, decryption: {{provider: sops}}}}\n").patched


@pytest.mark.parametrize(
    ("spec", "substitutes"),
    [
        ("{path: a, postBuild: {substitute: {a: b}}}", True),
        ("{path: a, postBuild: {substituteFrom: [{kind: ConfigMap, name: a}]}}", True),
        ("{path: a, postBuild: {}}", False),
        ("{}", False),
    ],
)
def test_variables_are_read(spec: str, substitutes: bool) -> None:
    (build,) = flux(f"{API}spec: {spec}\n").builds
    assert build.substitutes is substitutes


INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  distribution: {version: 2.x}
"""
SYNC = "  sync: {kind: %s, url: https://git.example.com/team/fleet.git, path: clusters/prod}\n"
DECRYPTED = "  kustomize: {patches: [{patch: '[{op: add, path: /spec/decryption}]'}]}\n"


def test_what_the_operator_of_flux_makes_is_built_too() -> None:
    read = flux(INSTANCE + SYNC % "GitRepository")
    (build,) = read.own_builds(["git@git.example.com:team/fleet.git"])
    assert (build.folder, build.line, build.decrypts) == ("clusters/prod", 6, False)
    assert not read.patched
    assert flux(INSTANCE + SYNC % "GitRepository" + DECRYPTED).patched == {"decryption"}
    (other,) = flux(INSTANCE + SYNC % "OCIRepository").own_builds(())
    assert other.other == "OCIRepository"
    assert flux(INSTANCE).builds == []
    objects = f"[{{apiVersion: {API.split()[1]}, kind: Kustomization, spec: {{path: infra}}}}, x]"
    resources = f"apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec: {{resources: {objects}}}\n"
    assert folders(resources) == ["infra"]
    assert folders(resources.replace("ResourceSet", "Other")) == []


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("{kind: Secret}", Kept.ALL),
        ("{kind: Secret, namespace: x}", Kept.PERHAPS),
        ("", Kept.PERHAPS),
    ],
)
def test_a_patch_of_flux_may_keep_the_variables(target: str, kept: Kept) -> None:
    patch = "patch: 'metadata: {annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}}'"
    (build,) = flux(f"{API}spec: {{path: a, patches: [{{{patch}, target: {target}}}]}}\n").builds
    assert build.kept is kept


def source(name: str, url: str) -> str:
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        f"metadata: {{name: {name}}}\nspec: {{url: '{url}'}}\n"
    )


def build(name: str, path: str = "./", kind: str = "GitRepository") -> str:
    return f"{API}spec: {{path: {path}, sourceRef: {{kind: {kind}, name: {name}}}}}\n"


OURS, THEIRS = "ssh://git@git.example.com/team/fleet", "https://github.com/others/app.git"


@pytest.mark.parametrize(
    ("addresses", "contents", "own"),
    [
        (["git@git.example.com:Team/fleet.git"], [source("a", OURS), source("b", THEIRS), build("a"), build("b")], ["a"]),
        ([], [source("flux-system", OURS), source("b", THEIRS), build("flux-system"), build("b")], ["flux-system"]),
        ([], [source("a", OURS), build("a")], ["a"]),
        ([], [build("a")], ["a"]),
        ([], [source("a", OURS), source("b", THEIRS), build("a"), build("b", "x")], ["b"]),
        ([], [build("a", kind="OCIRepository"), build("b", "x", kind="Bucket")], [None]),
        (["/srv/git/fleet"], [source("a", OURS), source("b", THEIRS), source("flux-system", OURS), build("b")], []),
    ],
)  # fmt: skip
def test_a_build_of_another_repository_is_none_of_ours(
    addresses: list[str], contents: list[str], own: list[str | None]
) -> None:
    assert [one.source for one in flux(*contents).own_builds(addresses)] == own


def test_a_source_is_here_where_it_is_the_only_one_of_this_repository() -> None:
    ours = [source("a", OURS), build("a", "x"), build("unknown", "x")]
    assert [one.is_here for one in flux(*ours).own_builds([OURS])] == [True, False]
    more = source("a", OURS).replace("spec: {", "spec: {include: [{repository: {name: b}}], ")
    assert [one.is_here for one in flux(more, build("a", "x")).own_builds([OURS])] == [False]
    of_a_branch = [*ours, source("b", OURS)]
    assert [one.is_here for one in flux(*of_a_branch).own_builds([OURS])] == [False, False]


def built(folder: str, files: dict[str, str]) -> list[str]:
    read = {file: content.encode() for file, content in files.items()}
    return sorted(Tree(read, read.get).variables(folder))


FILES = {
    "a.yaml": "", "b/c.yml": "", "b/d.json": "", "b/e.txt": "", "b/.sops.yaml": "",
    ".github/workflows/x.yaml": "", "k/kustomization.yaml": LISTING, "k/a.yaml": "", "k/b.yaml": "",
    "k/deep/c.yaml": "",
}  # fmt: skip


def test_without_a_listing_every_yaml_below_is_built_and_what_listed_folders_list() -> None:
    assert built(".", FILES) == ["a.yaml", "b/c.yml", "k/a.yaml"]
    assert built("b", FILES) == ["b/c.yml"]
    assert built("k", FILES) == ["k/a.yaml"]
    assert built("k/deep", FILES) == ["k/deep/c.yaml"]
    assert built("nowhere", FILES) == []


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_listing_of_any_name_is_followed(name: str) -> None:
    files = {f"x/{name}": "resources: [../a.yaml, y/, https://example.com/z.yaml, none]\n",
             f"x/y/{name}": "bases:\n- ../../b\n- ..\n", f"b/{name}": LISTING,
             "b/a.yaml": "", "a.yaml": "", "x/no.yaml": ""}  # fmt: skip
    assert built("x", files) == ["a.yaml", "b/a.yaml"]
    assert built(".", files) == ["a.yaml", "b/a.yaml"]


def test_listings_that_name_one_another_are_followed_to_their_end() -> None:
    """In a circle, and in a row longer than any stack."""
    row = {f"x{at}/kustomization.yaml": f"resources: [../x{at + 1}]\n" for at in range(3000)}
    row |= {"x3000/kustomization.yaml": "resources: [a.yaml, ../x0]\n", "x3000/a.yaml": ""}
    assert built("x0", row) == ["x3000/a.yaml"]


def test_a_kustomization_is_found_where_it_is_among_many_documents() -> None:
    other = "kind: Other\na: |\n  --- no document\n  kind: Kustomization\n"
    contents = f"{other}---\n{other}\n--- # more\n{API}spec: {{path: a}}\n---\na: [\n---\n{API}"
    assert [(one.line, one.folder) for one in flux(contents).builds] == [(12, "a"), (18, ".")]


def test_more_than_is_read_counts_as_a_manifest() -> None:
    large = OBJECT + "data:\n" + "".join(f"  k{at}: v\n" for at in range(30_000))
    assert read_objects(large.encode()) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (OBJECT, True),
        (f"---\n{OBJECT}---\n# nothing\n---\n{OBJECT}", True),
        ("", True),
        ("# only a comment\n", True),
        (json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}), True),
        ("apiVersion: v1\nkind: List\nitems: []\n", True),
        ("password: x\n", False),
        (OBJECT.replace("  name: a\n", "  namespace: a\n"), False),
        (OBJECT.replace("kind: ConfigMap\n", ""), False),
        ("- a\n", False),
        ("text\n", False),
        ("a: [\n", False),
        (f"{OBJECT}---\na: b\n", False),
    ],
)
def test_a_manifest_is_an_object_in_every_document(content: str, expected: bool) -> None:
    assert (read_objects(content.encode()) is not None) is expected


@pytest.mark.parametrize(
    ("spec", "components"),
    [
        ("path: ./infra/prod, components: [../tls, x]", ("infra/tls", "infra/prod/x")),
        ("components: [infra]", ("infra",)),
        ("path: infra, components: {a: b}", ()),
        ("path: infra, components: [{a: b}]", ()),
    ],
)
def test_components_are_beside_the_folder(spec: str, components: tuple[str, ...]) -> None:
    (build,) = flux(f"{API}spec: {{{spec}}}\n").builds
    assert build.components == components


@pytest.mark.parametrize(
    ("variables", "substitutes"),
    [
        ("{substitute: {a: b}}", True),
        ("{substituteFrom: [{kind: Secret, name: a}]}", True),
        ("{substitute: {}, substituteFrom: []}", False),
        ("{substitute: }", False),
        ("{}", False),
    ],
)
def test_nothing_is_replaced_without_variables(variables: str, substitutes: bool) -> None:
    (build,) = flux(f"{API}spec:\n  path: infra\n  postBuild: {variables}\n").builds
    assert build.substitutes is substitutes
