"""On every shape ``verify`` says what Flux and kustomize do."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from plana_secrets.secretfiles.snapshot import work_tree
from plana_secrets.verify.builds import Flux
from plana_secrets.verify.kustomize import Tree
from plana_secrets.verify.listings import NAMES
from tests.verify.flux.kustomize import builds, kustomize
from tests.verify.flux.shapes import BUILD, SHAPES, listing
from tests.verify.inprocess import verify, workspace_of
from tests.world import World

SAID = json.loads((Path(__file__).parent / "verdicts.json").read_text())
VERDICTS: dict[str, str] = SAID["verdicts"]
STOPS = {"flux-not-a-manifest", "keyset-breaks-flux"}
NOT_JUDGED = {"keyset-schema", "keyset-unknown"}
"""The keyset of a shape is none."""


def test_every_shape_has_a_verdict() -> None:
    assert VERDICTS.keys() == SHAPES.keys()
    assert len(SHAPES) >= 40
    assert min(map(list(VERDICTS.values()).count, ("built", "changed", "error"))) > 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("shapes"))


@pytest.fixture(params=SHAPES)
def shape(world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    SHAPES[request.param].write(world)
    yield request.param
    for folder in ("infra", "clusters"):
        shutil.rmtree(world.repo / folder)
    world.git("add", "-A")


def errors(world: World) -> set[str]:
    found = verify(world).findings
    return {one.check for one in found if one.severity == "error"} - NOT_JUDGED


@pytest.mark.long
def test_verify_agrees_with_flux(world: World, shape: str) -> None:
    """An error for each that stops or changes something, and none for the others."""
    assert bool(errors(world)) == (VERDICTS[shape] != "built")


@pytest.mark.long
def test_verify_agrees_with_kustomize(world: World, shape: str) -> None:
    program = kustomize()
    if program is None:
        pytest.skip("no Go here to build kustomize")
    flux, found = Flux(), errors(world)
    flux.read(BUILD, (world.repo / BUILD).read_bytes())
    (build,) = flux.builds
    folder = world.repo / build.folder
    if not any((folder / name).exists() for name in NAMES):
        files = work_tree(workspace_of(world)).tree.listing().entries
        tree = Tree(files, lambda file: (world.repo / file).read_bytes())
        names = [os.path.relpath(file, build.folder) for file in tree.variables(build.folder)]
        (folder / "kustomization.yaml").write_text(listing(*names))
    is_built = builds(program, folder)
    assert is_built or found
    assert not (is_built and found & STOPS)
