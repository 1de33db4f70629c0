"""Where things are can be read: packages name each of their modules, and files are short."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import plana_secrets

PACKAGE = Path(plana_secrets.__file__).parent
COMMANDS = PACKAGE / "cli" / "commands"
WORD = re.compile(r"``([a-z0-9_]+)``")


def modules_of(folder: Path) -> set[str]:
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


def table_of(folder: Path) -> set[str]:
    """Modules that a table of commands names: the map of a folder with one file a command."""
    if COMMANDS not in (folder, *folder.parents):
        return set()
    text = (PACKAGE / "cli/main.py" if folder == COMMANDS else folder / "__init__.py").read_text()
    return set(re.findall(r"\{_HERE\}\.([a-z0-9_]+):", text))


def imported_by(tree: ast.Module, folder: Path) -> set[str]:
    """Modules that a table in the code of the ``__init__`` takes its rows from."""
    name = ".".join(folder.relative_to(PACKAGE.parent).parts)
    return {
        node.module.removeprefix(f"{name}.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{name}.")
    }


FOLDERS = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: str(one.relative_to(PACKAGE.parent)))
def test_the_map_of_a_package_names_each_module_and_nothing_else(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text("utf-8"))
    words = set(WORD.findall(ast.get_docstring(tree) or ""))
    modules = modules_of(folder)
    assert words <= modules
    assert modules == words | table_of(folder) | (imported_by(tree, folder) & modules)


def test_only_one_module_is_called_session_and_none_tree() -> None:
    stems = [path.stem for path in PACKAGE.rglob("*.py")]
    assert stems.count("session") == 1
    assert stems.count("tree") == 0


def test_a_file_of_the_package_or_the_tests_is_at_most_350_lines() -> None:
    """Longer ones hold two ideas: split them where these part."""
    trees = (PACKAGE, Path(__file__).parent)
    lines = {
        path: len(path.read_text().splitlines()) for one in trees for path in one.rglob("*.py")
    }
    assert lines
    assert {path: count for path, count in lines.items() if count > 350} == {}
