"""What Flux builds, in a whole repository, and what it must not find there."""

from __future__ import annotations

import time

import pytest

from plana_secrets.verify.builds import Flux
from tests.verify.inprocess import APP, PLAIN_SECRET, of_check, verify, write
from tests.world import World

KEYSET = "infra/secrets/keysets/app.yaml"
FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: secrets
spec:
  interval: 10m
  path: ./infra/secrets
"""


@pytest.fixture
def with_keyset(small: World) -> World:
    small.encrypt(KEYSET, "schema: x\nvalue: y\n")
    small.commit()
    return small


def breaks_flux(world: World) -> list[tuple[str | None, str]]:
    return [(one.file, one.severity) for one in of_check(verify(world), "keyset-breaks-flux")]


def test_keysets_in_a_folder_of_their_own_break_nothing(with_keyset: World) -> None:
    with_keyset.encrypt("infra/secrets/prod/app.secret.yaml", PLAIN_SECRET)
    assert breaks_flux(with_keyset) == []


def test_keysets_below_a_folder_that_flux_builds_are_an_error(with_keyset: World) -> None:
    write(with_keyset, "clusters/prod/secrets.yaml", "kind: Other\n---\n" + FLUX)
    with_keyset.git("add", "-A")
    assert breaks_flux(with_keyset) == [(KEYSET, "error")]


@pytest.mark.parametrize("folder", ["infra/secrets", "infra/secrets/keysets"])
def test_a_kustomization_on_the_way_keeps_them_out(with_keyset: World, folder: str) -> None:
    write(with_keyset, "clusters/prod/secrets.yaml", FLUX)
    write(with_keyset, f"{folder}/kustomization.yaml", "resources: []\n")
    with_keyset.git("add", "-A")
    assert breaks_flux(with_keyset) == []


def test_keysets_beside_manifests_are_a_warning(with_keyset: World) -> None:
    with_keyset.encrypt("infra/secrets/app.secret.yaml", PLAIN_SECRET)
    assert breaks_flux(with_keyset) == [(KEYSET, "warning")]


def test_a_long_line_in_a_kustomization_is_read_in_little_time() -> None:
    start = (
        "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nspec:\n  path: ./infra"
    )
    for line in (
        "\t" * 100_000 + "/x",
        " " * 100_000 + "'x",
        " a" * 100_000 + '"x',
        "'" + " " * 100_000,
    ):
        before = time.process_time()
        Flux().read("a.yaml", f"{start}{line}\n".encode())
        assert time.process_time() - before < 1


def flux_findings(world: World) -> list[tuple[str, str | None]]:
    found = [one for one in verify(world).findings if one.check.startswith(("flux-", "keyset-"))]
    return sorted((one.check, one.file) for one in found if one.severity == "error")


def test_what_flux_cannot_build_is_named_wherever_it_is(small: World) -> None:
    small.encrypt("infra/secrets/prod/app.secret.yaml", PLAIN_SECRET)
    write(small, "clusters/prod.yaml", FLUX + "  decryption: {provider: sops}\n")
    write(small, "apps/values.yaml", "replicas: 1\n")
    small.commit()
    assert flux_findings(small) == [("flux-not-a-manifest", APP)]
    write(small, "clusters/prod.yaml", FLUX.replace("./infra/secrets", "./"))
    assert flux_findings(small) == [
        ("flux-no-decryption", "clusters/prod.yaml"),
        ("flux-not-a-manifest", "apps/values.yaml"),
        ("flux-not-a-manifest", APP),
    ]
    write(small, ".sourceignore", "/apps\nexample.yaml\n*.yaml\n!*.secret.yaml\n")
    small.git("add", "-A")
    assert flux_findings(small) == [("flux-no-decryption", "clusters/prod.yaml")]


def source(ignore: str, namespace: str = "flux-system") -> str:
    lines = "".join(f"    {line}\n" for line in ignore.splitlines())
    return (
        "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        f"metadata: {{name: a, namespace: {namespace}}}\nspec:\n"
        f"  url: https://git.example.com/a/b\n  ignore: |\n{lines}"
    )


def test_what_the_source_leaves_out_is_not_built(small: World) -> None:
    build = FLUX + "  sourceRef: {kind: GitRepository, name: a}\n"
    stopped = [("flux-not-a-manifest", APP)]
    for ignores, found in (
        (["# nothing"], stopped),
        (["/docs"], stopped),
        ([f"/{APP}"], []),
        (["/*\n!/infra\n/infra/secrets/dev"], []),
        ([f"{APP}\n!{APP}"], stopped),
        ([f"{APP}\n\\0\n{'x' * 200_000}\n"], []),
        ([APP, "/docs"], stopped),
    ):
        sources = map(source, ignores, ("flux-system", "other"))
        write(small, "clusters/prod.yaml", "".join([build, *sources]))
        small.commit()
        seen = [one for one in flux_findings(small) if one in stopped]
        assert seen == found, ignores
    write(small, "clusters/prod.yaml", build + source(f"!{APP}"))
    write(small, ".sourceignore", f"{APP}\n")
    small.commit()
    assert stopped[0] in flux_findings(small)


def test_a_component_that_a_kustomization_adds_is_built(small: World) -> None:
    component = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [app.yaml]\n"
    )
    write(small, "infra/secrets/dev/kustomization.yaml", component)
    write(small, "base/kustomization.yaml", "kind: Kustomization\n")
    build = FLUX.replace("./infra/secrets", "./base")
    write(small, "clusters/prod.yaml", build)
    small.commit()
    assert flux_findings(small) == []
    write(small, "clusters/prod.yaml", build + "  components: [../infra/secrets/dev]\n")
    assert flux_findings(small) == [
        ("flux-no-decryption", "clusters/prod.yaml"),
        ("flux-not-a-manifest", APP),
    ]


def test_a_build_of_another_repository_is_not_looked_at(small: World) -> None:
    small.git("remote", "add", "origin", "ssh://git@git.example.com/team/fleet.git")
    sources = "".join(
        "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        f"metadata: {{name: {name}}}\nspec: {{url: {url}}}\n"
        for name, url in (
            ("fleet", "https://git.example.com/Team/fleet"),
            ("app", "https://x.test/o/app"),
        )
    )
    write(small, "clusters/sources.yaml", sources)
    write(small, "clusters/prod.yaml", FLUX + "  sourceRef: {kind: GitRepository, name: app}\n")
    small.commit()
    assert flux_findings(small) == []
    write(small, "clusters/prod.yaml", FLUX + "  sourceRef: {kind: GitRepository, name: fleet}\n")
    assert flux_findings(small) == [
        ("flux-no-decryption", "clusters/prod.yaml"),
        ("flux-not-a-manifest", APP),
    ]
