"""Both reference consumers live through rotations; those with a mistake do not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.consumers.kubelet import Kubelets, Mount
from tests.consumers.load import Load
from tests.consumers.mistakes import MISTAKES, Mistake
from tests.consumers.pods import Pod, running
from tests.consumers.probes import Known
from tests.consumers.projects import CONSUMERS, ROOT, Change, make_project
from tests.consumers.rotations import LIFETIME, ROLLOUT, SKEW, Rotations
from tests.rotation.conftest import fleet
from tests.rotation.fleet import Fleet

__all__ = ["fleet"]

PAGE = ROOT / "docs" / "consume.md"
SETTINGS = {"SKEW": str(SKEW), "ACCESS_SECONDS": str(LIFETIME), "REFRESH_SECONDS": str(LIFETIME)}
LONGEST_DELAY = ROLLOUT / 2


ROTATIONS = int(os.environ.get("PLANA_TEST_ROTATIONS", "1"))
"""Three take two minutes: ``PLANA_TEST_ROTATIONS=3 scripts/test --long tests/consumers``."""
CHOSEN = MISTAKES if os.environ.get("PLANA_TEST_MISTAKES") == "all" else MISTAKES[::2]
"""Each takes a service of its own, and two seconds of processor time."""


class Scene:
    """Pods beside the rotations of three keysets."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self._folder = folder
        self._rotations = Rotations(fleet)
        self.pods: list[Pod] = []

    def add(
        self,
        name: str,
        language: str,
        changes: Sequence[Change] = (),
        *,
        sub_path: bool = False,
        **settings: str,
    ) -> Pod:
        place = self._folder / f"pod-{len(self.pods)}"
        project = make_project(language, place / "project", changes)
        delay = len(self.pods) % 7 / 6 * LONGEST_DELAY
        mount = Mount(place / "keys", self._rotations.files(), delay, sub_path=sub_path)
        pod = Pod(name, language, project, mount, SETTINGS | settings)
        self.pods.append(pod)
        return pod

    def rehearse(self, faultless: Sequence[Pod], rotations: int) -> Load:
        known = Known()
        kubelets = Kubelets([pod.mount for pod in self.pods])

        def roll_out(files: dict[str, str]) -> None:
            known.learn(files)
            kubelets.roll_out(files)

        known.learn(self._rotations.files())
        provider = {pod.language: f"http://127.0.0.1:{pod.port}" for pod in faultless}
        with running(self.pods, provider), Load(self.pods, faultless, known) as load:
            self._rotations.run(rotations, roll_out)
            kubelets.wait()
        return load


@pytest.fixture
def scene(fleet: Fleet, tmp_path: Path) -> Scene:
    return Scene(fleet, tmp_path)


@pytest.mark.long
def test_the_consumers_live_through_rotations_of_each_kind(scene: Scene) -> None:
    pods = [scene.add(f"{one}-{at}", one) for at in (1, 2) for one in ("python", "node")]
    load = scene.rehearse(pods, rotations=ROTATIONS)
    assert {name: dict(found) for name, found in load.problems.items() if found} == {}
    assert len(load.known.access) == len(load.known.api) == ROTATIONS + 1
    assert load.requests > 300 * ROTATIONS
    print(f"{load.requests} requests, 0 refused")


@pytest.mark.long
def test_every_mistake_is_reported_beside_faultless_consumers(scene: Scene) -> None:
    faultless = [scene.add(one, one) for one in ("python", "node")]
    for one in CHOSEN:
        scene.add(one.name, one.language, one.changes, sub_path=one.sub_path, **one.settings)
    load = scene.rehearse(faultless, rotations=1)
    found = load.problems
    assert [found[pod.name] for pod in faultless] == [{}, {}]
    unreported = {
        one.name: dict(found[one.name])
        for one in CHOSEN
        if not any(word.startswith(one.reported) for word in found[one.name])
    }
    assert unreported == {}


@pytest.mark.long
@pytest.mark.parametrize("language", ["python", "node"])
def test_a_damaged_file_changes_no_keys_and_is_in_no_log(
    scene: Scene, language: str, capfd: pytest.CaptureFixture[str]
) -> None:
    pod = scene.add(language, language)
    good = dict(pod.mount.files)
    secret = json.loads(good["jwt-access.json"])["keys"][0]["k"]
    damaged = (
        "",
        "[]",
        good["jwt-access.json"][:-20],
        good["jwt-access.json"].replace('"kty":"oct",', ""),
        good["jwt-access.json"].replace(secret, f"{secret}!", 1).replace("active", "was"),
    )
    with running([pod], {language: "http://127.0.0.1:9"}):
        for content in damaged:
            pod.mount.take(good | {"jwt-access.json": content})
            login = pod.ask("POST", "/login")
            assert login.status == 200
            sent = f"pa_token={login.cookies['pa_token'].value}"
            assert pod.ask("GET", "/me", Cookie=sent).status == 200
        shown = "".join(capfd.readouterr())
    assert "jwt-access.json" in shown
    assert secret not in shown
    assert secret[4:20] not in shown


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_a_mistake_is_one_change_of_what_the_consumer_says(mistake: Mistake) -> None:
    """So that the mistakes follow the consumers, also where the long tests do not run."""
    for file, old, new in mistake.changes:
        text = (CONSUMERS / mistake.language / file).read_text()
        assert (text.count(old), old == new) == (1, False)


@pytest.mark.parametrize(("file", "function"), [("python/keyset.py", "hmac.compare_digest("), ("node/keyset.js", "timingSafeEqual(")])  # fmt: skip
def test_api_keys_are_compared_by_digest_in_constant_time(file: str, function: str) -> None:
    """No answer shows it, so the source has to."""
    assert (CONSUMERS / file).read_text().count(function) == 1


BLOCKS = re.findall(r"^```(python|js)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("language", "code"), BLOCKS)
def test_the_page_shows_the_code_that_is_tested(language: str, code: str) -> None:
    file = "python/keyset.py" if language == "python" else "node/keyset.js"
    assert code in (CONSUMERS / file).read_text()


def test_the_page_has_code_of_both() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "js"}
