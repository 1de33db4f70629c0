"""Every kind of error that the code names, found in its syntax, with the modules that name it."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import plana_secrets
from plana_secrets.rotation import refusal
from plana_secrets.rotation.keyset import Reason

KIND = re.compile("[a-z0-9]+(-[a-z0-9]+)+")
PACKAGE = Path(plana_secrets.__file__).parent


def files() -> dict[str, Path]:
    """Module -> its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def modules() -> dict[str, ast.Module]:
    """Module -> its syntax."""
    return {module: ast.parse(path.read_text()) for module, path in files().items()}


@cache
def kinds() -> dict[str, set[str]]:
    """Kind -> the modules that raise it."""
    found = defaultdict(set)
    for module, tree in modules().items():
        for kind in _kinds_in(module, tree):
            found[kind].add(module)
    for reason in Reason:
        found[str(reason)].add(refusal.__name__)
    return found


def _kinds_in(module: str, tree: ast.Module) -> Iterator[str]:
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    takers = {
        one.name: [argument.arg for argument in one.args.args].index("kind")
        for one in functions
        if any(argument.arg == "kind" for argument in one.args.args) and _hands_on_kind(one)
    }
    rows = [node.elts for node in nodes if isinstance(node, ast.Tuple)]
    for row in rows:
        yield from _after_class(row)
    for row in rows if rows and _hands_on_kind(tree) else []:
        yield from _before_sentence(row)
    for one in functions:
        if one.name in takers:
            yield from _texts(one.args.defaults)
        elif _makes_error(one):
            yield from _assigned("kind", one)
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from _in_call(module, node, takers)
        elif isinstance(node, ast.ClassDef):
            yield from _assigned("default_kind", node)


def _hands_on_kind(inside: ast.AST) -> bool:
    return any(
        isinstance(node, ast.keyword)
        and node.arg == "kind"
        and isinstance(node.value, ast.Name)
        and node.value.id == "kind"
        for node in ast.walk(inside)
    )


def _makes_error(inside: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call) and _called(node).endswith("Error") for node in ast.walk(inside)
    )


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _assigned(name: str, inside: ast.AST) -> Iterator[str]:
    for node in ast.walk(inside):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id == name for one in targets):
                yield from _texts([node.value])


def _in_call(module: str, call: ast.Call, takers: dict[str, int]) -> Iterator[str]:
    name = _called(call)
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
