"""The reference that is generated from the code, and where it is kept.

``scripts/reference`` writes it; a test holds the files to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plana_secrets.config.schema import as_json_schema
from plana_secrets.rotation.kinds import KINDS
from plana_secrets.verify.explain import to_page

ROOT = Path(__file__).parents[2]
SETTINGS_PAGE = ROOT / "docs" / "settings.md"

_HEADER = re.compile(r"^\[+([^\]]+?)\]+ *(?:# (.*))?$")
_FIELD = re.compile(r"^(\w+) = .*?\s# (.*)$")


def settings_schema() -> str:
    """The schema of the settings; what a field means is in the words of its page."""
    schema = json.loads(json.dumps(as_json_schema()))
    for table, field, words in _described(SETTINGS_PAGE.read_text()):
        _node(schema, table)["properties"][field]["description"] = words
    return json.dumps(schema, indent=2) + "\n"


def _described(page: str) -> list[tuple[str, str, str]]:
    """Table, field and words of each commented field in the example of the page."""
    example = page.partition("```toml\n")[2].partition("```")[0]
    table, found = "", []
    for line in example.splitlines():
        if header := _HEADER.match(line):
            table = header.group(1)
        elif field := _FIELD.match(line):
            words = field.group(2).removeprefix("required: ").removeprefix("required")
            found += [(table, field.group(1), words)] if words else []
    return found


def _node(schema: dict[str, Any], table: str) -> dict[str, Any]:
    """The part of the schema that is about a table of the example."""
    node = schema
    name, _, rest = table.partition(".")
    if name == "recipients":
        return node["properties"]["recipients"]["additionalProperties"]
    if name == "keysets":
        kind = list(KINDS)[0 if "portal" in rest else 1]
        shapes = node["properties"]["keysets"]["additionalProperties"]["oneOf"]
        return next(one for one in shapes if one["properties"]["kind"]["const"] == kind)
    for step in filter(None, table.split(".")):
        node = node["properties"][step]
        node = node.get("items", node)
    return node


GENERATED: dict[Path, Callable[[], str]] = {
    ROOT / "plana_secrets/config/plana-secrets.schema.json": settings_schema,
    ROOT / "docs/checks.md": to_page,
}


def main() -> None:
    for path, make in GENERATED.items():
        path.write_text(make())
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
