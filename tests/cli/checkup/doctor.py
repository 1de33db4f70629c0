"""What ``doctor --json`` tells of a repository."""

from __future__ import annotations

import json

from tests.world import World

FILE = "infra/secrets/dev/a.yaml"


def troubles(world: World, *argv: str, env: dict[str, str] | None = None) -> dict[str, dict]:
    """The results that are warnings or errors, by the name of their check."""
    done = world.run("doctor", "--json", *argv, env=env)
    report = json.loads(done.stdout)
    assert report["schema"] == "plana-secrets/doctor/1"
    bad = [one for one in report["results"] if one["severity"] in {"warning", "error"}]
    assert len(bad) == report["errors"] + report["warnings"]
    assert done.status == int(report["errors"] > 0)
    return {one["check"]: one for one in bad}


def results(world: World, check: str, env: dict[str, str] | None = None) -> list[dict]:
    report = json.loads(world.run("doctor", "--json", env=env).stdout)
    return [one for one in report["results"] if one["check"] == check]
