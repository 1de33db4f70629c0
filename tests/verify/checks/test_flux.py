"""What a Flux Kustomization builds, and which keyset files that reaches. Pure."""

from __future__ import annotations

import pytest

from plana_secrets.verify.checks.flux import check_flux, flux_paths

KEYSET = "infra/secrets/keysets/app.yaml"
API = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"


def built(content: str) -> list[str]:
    return list(flux_paths(content.encode()))


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
        ("./infra/secrets/prod", "infra/secrets/prod"),
        ("./", "."),
        (".", "."),
        ("/", "."),
    ],
)
def test_a_folder_is_read_however_it_is_spelled(path: str, folder: str) -> None:
    assert built(f"{API}spec:\n  path: {path}\n") == [folder]


def test_without_a_path_everything_is_built() -> None:
    assert built(f"{API}spec:\n  interval: 10m\n") == ["."]


def test_only_kustomizations_of_flux_build_something() -> None:
    other = API.replace("kustomize.toolkit.fluxcd.io", "kustomize.config.k8s.io")
    git = API.replace("Kustomization", "GitRepository")
    document = "spec:\n  path: ./infra\n"
    assert built(f"{other}{document}---\n{git}{document}") == []
    assert built(f"{other}{document}---\n{API}{document}--- # more\n{API}spec:\n  path: x\n") == [
        "infra", "x",
    ]  # fmt: skip


def found(
    *,
    built: set[str] = frozenset(),  # type: ignore[assignment]
    manifests: list[str] | None = None,
    present: list[str] | None = None,
    keysets: tuple[str, ...] = (KEYSET,),
) -> list[tuple[str | None, str]]:
    findings = check_flux(keysets, manifests or [], built, present or [])
    return [(one.file, str(one.severity)) for one in findings]


@pytest.mark.parametrize("folder", [".", "infra", "infra/secrets", "infra/secrets/keysets"])
def test_a_built_folder_above_a_keyset_is_an_error(folder: str) -> None:
    assert found(built={folder}) == [(KEYSET, "error")]


@pytest.mark.parametrize(
    "folder", ["infra/secrets/prod", "infra/secrets/key", "infra/secrets/keysets/app", "apps"]
)
def test_a_built_folder_that_does_not_reach_it_is_none(folder: str) -> None:
    assert found(built={folder}) == []


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_list_on_the_way_down_stops_it_there(name: str) -> None:
    above, between = f"infra/{name}", f"infra/secrets/keysets/{name}"
    assert found(built={"infra"}, present=[between]) == []
    assert found(built={"infra/secrets"}, present=[above]) == [(KEYSET, "error")]
    assert found(built={"infra"}, present=[above]) == []


def test_manifests_beside_it_are_a_warning_and_an_error_says_it_alone() -> None:
    beside = ["infra/secrets/app.secret.yaml"]
    assert found(manifests=beside) == [(KEYSET, "warning")]
    assert found(manifests=beside, built={"infra"}) == [(KEYSET, "error")]
    assert found(manifests=["infra/secrets/prod/app.secret.yaml"]) == []
    assert found(manifests=beside, present=["infra/secrets/keysets/kustomization.yaml"]) == []


def test_every_keyset_is_looked_at() -> None:
    other = "infra/other/b.yaml"
    assert found(built={"infra"}, keysets=(KEYSET, other)) == [(other, "error"), (KEYSET, "error")]
