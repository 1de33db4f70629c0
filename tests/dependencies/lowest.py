"""``python -m tests.dependencies.lowest``: the lowest allowed versions, as pip constraints."""

from __future__ import annotations

from tests.dependencies.declared import dependencies, lowest

if __name__ == "__main__":
    for requirement in dependencies():
        print(f"{requirement.name}=={lowest(requirement)}")
