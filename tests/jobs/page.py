"""The blocks of docs/jobs.md as data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "jobs.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", TEXT)


def dockerfile() -> list[tuple[str, str]]:
    """Instructions and their arguments, with continued lines joined."""
    (text,) = blocks("dockerfile")
    lines = re.sub(r"\\\n", "", text).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def _manifests() -> list[dict[str, Any]]:
    return [YAML(typ="safe", pure=True).load(text) for text in blocks("yaml")]


def manifest() -> dict[str, Any]:
    return next(one for one in _manifests() if one["kind"] == "CronJob")


def claim() -> dict[str, Any]:
    return next(one for one in _manifests() if one["kind"] == "PersistentVolumeClaim")


def pod() -> dict[str, Any]:
    return manifest()["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def units() -> dict[str, str]:
    """By file name."""
    found = {}
    for text in blocks("ini"):
        name, _, rest = text.partition("\n")
        found[Path(name.removeprefix("# ")).name] = rest
    return found
