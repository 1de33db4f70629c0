"""The forms of a report by name. A new one is a file beside this one and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from plana_secrets.verify.report import Report, View, github, json, markdown, sarif, text

FORMATS: Final[Mapping[str, Callable[[Report, View], str]]] = {
    "text": text.render,
    "json": json.render,
    "sarif": sarif.render,
    "github": github.render,
    "markdown": markdown.render,
}
