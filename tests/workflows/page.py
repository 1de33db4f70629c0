"""The blocks of docs/ci.md."""

from __future__ import annotations

import re

from tests.workflows.runner import ROOT, Forge

PAGE = (ROOT / "docs/ci.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
FORGEJO, GITHUB, ACTION, GITLAB, PRE_COMMIT = (text for name, text in BLOCKS if name == "yaml")


def here(text: str, forge: Forge) -> str:
    """The block with the addresses of this forge."""
    server = f"file://{forge.folder}/server"
    for example in ("https://git.example.com", "https://gitlab.example.com", "https://github.com"):
        text = text.replace(example, server)
    return text
