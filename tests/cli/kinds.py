"""Every kind of error that the code names, found in its syntax, with the modules that name it."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import plana_secrets
from plana_secrets.rotation import refusal
from plana_secrets.rotation.keyset import Reason

KIND = re.compile("[a-z0-9]+(-[a-z0-9]+)+")
PACKAGE = Path(plana_secrets.__file__).parent


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text())


def kinds() -> dict[str, set[str]]:
    """Kind -> the modules that raise it."""
    found = defaultdict(set)
    for module, tree in modules():
        for kind in _kinds_in(module, tree):
            found[kind].add(module)
    for reason in Reason:
        found[str(reason)].add(refusal.__name__)
    return found


def _kinds_in(module: str, tree: ast.Module) -> Iterator[str]:
    takers = {
        one.name: [argument.arg for argument in one.args.args].index("kind")
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef)
        and any(argument.arg == "kind" for argument in one.args.args)
        and "kind=kind" in ast.unparse(one)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(module, node, takers)
        elif isinstance(node, ast.Tuple):
            yield from _after_class(node.elts)
            if "kind=kind" in ast.unparse(tree):
                yield from _before_sentence(node.elts)
        elif isinstance(node, ast.FunctionDef) and node.name in takers:
            yield from _texts(node.args.defaults)
        elif isinstance(node, ast.FunctionDef) and "Error(" in ast.unparse(node):
            yield from _assigned("kind", node)
        elif isinstance(node, ast.ClassDef):
            yield from _assigned("default_kind", node)


def _assigned(name: str, inside: ast.AST) -> Iterator[str]:
    for node in ast.walk(inside):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id == name for one in targets):
                yield from _texts([node.value])


def _in_call(module: str, call: ast.Call, takers: dict[str, int]) -> Iterator[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name.endswith("Error"):
        for keyword in call.keywords:
            if keyword.arg == "kind":
                yield from _texts([keyword.value]) or _named(module, keyword.value)
    if name in takers and len(call.args) > takers[name]:
        yield from _texts([call.args[takers[name]]])
    yield from _after_class(call.args)


def _after_class(row: list[ast.expr]) -> Iterator[str]:
    """``SomeError, "kind"``: in a table of what errors of others mean."""
    for before, after in itertools.pairwise(row):
        if isinstance(before, ast.Name) and before.id.endswith("Error"):
            yield from _texts([after])


def _before_sentence(row: list[ast.expr]) -> Iterator[str]:
    """``"kind", "a sentence"``: in a table where the class is always the same."""
    for before, after in itertools.pairwise(row):
        if _is_sentence(after):
            yield from (text for text in _texts([before]) if KIND.fullmatch(text))


def _is_sentence(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or any(" " in text for text in _texts([node]))


def _texts(nodes: list[ast.expr]) -> list[str]:
    """The words of a constant, or of both sides of a choice."""
    found = []
    for node in nodes:
        sides = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
        found += [
            side.value
            for side in sides
            if isinstance(side, ast.Constant) and isinstance(side.value, str)
        ]
    return found


def _named(module: str, node: ast.expr) -> list[str]:
    """A constant, or a member of an enumeration."""
    value: Any = importlib.import_module(module)
    for part in ast.unparse(node).split("."):
        value = getattr(value, part, None)
    return [str(value)] if isinstance(value, str) else []
