"""Each dependency has a lowest version and tests of its use, and is used."""

from __future__ import annotations

import ast
from importlib import metadata

from packaging.version import Version

from tests.dependencies.declared import ROOT, USED_BY, dependencies, lowest

NAMES = {requirement.name for requirement in dependencies()}
EXTRAS = {"bitwarden_sdk"}
"""Of an optional extra: only the process of that backend imports it."""


def imported_packages():
    """The distributions whose modules the package imports."""
    modules = set()
    for file in (ROOT / "plana_secrets").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    owners = metadata.packages_distributions()
    return {owner.lower() for module in modules for owner in owners.get(module, ())}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    assert imported_packages() - {"plana-secrets"} == NAMES | EXTRAS


def test_each_dependency_has_a_lowest_version_that_the_installed_one_reaches():
    for requirement in dependencies():
        assert Version(lowest(requirement)) <= Version(metadata.version(requirement.name))


def test_each_dependency_names_tests_of_its_use():
    assert set(USED_BY) == NAMES
    for tests in USED_BY.values():
        assert tests
        assert all((ROOT / test).exists() for test in tests)
