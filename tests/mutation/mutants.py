"""Which small changes a module allows: each a likely slip of the one who wrote it.

What no test can or should notice is left alone: docstrings, annotations, messages (all of
a ``raise`` but the raise itself, f-strings), decorators and ``if TYPE_CHECKING``.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_TURNED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

_SKIPPED_FIELDS = {"annotation", "returns", "decorator_list", "type_params", "msg", "cause"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the bytes ``start`` to ``end`` of the source become ``new``."""

    start: int
    end: int
    line: int
    old: str
    new: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


def find_mutants(source: bytes) -> list[Mutant]:
    """Every change of ``source``, in order of place."""
    tree = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[Mutant, None] = {}
    for node, new in _changes(tree):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        old = source[start:end].decode()
        text = ast.unparse(ast.fix_missing_locations(new))
        if isinstance(new, ast.expr):
            text = f"({text})"
        found[Mutant(start, end, node.lineno, old, text)] = None
    return sorted(found, key=lambda one: (one.start, one.end, one.new))


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST]]:
    """Pairs of a node of the tree and what takes its place."""
    if isinstance(node, ast.JoinedStr) or _is_for_types(node):
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield from ((node, new) for new in _replacements(node))
    yield from _conditions(node)
    if isinstance(node, ast.Raise):
        return
    for name, value in ast.iter_fields(node):
        if name in _SKIPPED_FIELDS or (name == "slice" and isinstance(value, ast.Tuple)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _changes(child)


def _is_for_types(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _conditions(node: ast.AST) -> Iterator[tuple[ast.expr, ast.AST]]:
    """A condition turned round (a comparison is turned anyway), and without its effect."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            if not isinstance(test, ast.Compare):
                yield test, ast.UnaryOp(ast.Not(), test)
            yield test, ast.Constant(False)
        case ast.comprehension(ifs=tests):
            yield from ((test, ast.Constant(True)) for test in tests)
        case _:
            pass


def _replacements(node: ast.expr | ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.stmt():
            yield from _statements(node)
        case ast.Compare(ops=[first, *rest]):
            yield from (_with(node, ops=[turned(), *rest]) for turned in _TURNED[type(first)])
        case ast.BoolOp(op=op, values=values):
            yield _with(node, op=ast.And() if isinstance(op, ast.Or) else ast.Or())
            yield from (_operands(op, rest) for rest in _each_dropped(values))
        case ast.BinOp(op=ast.Add() | ast.Sub() as op):
            yield _with(node, op=ast.Sub() if isinstance(op, ast.Add) else ast.Add())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Constant(value=value):
            yield from (ast.Constant(one) for one in _constants(value))
        case ast.Set(elts=elements) | ast.Tuple(elts=elements) | ast.List(elts=elements):
            if not isinstance(getattr(node, "ctx", None), ast.Store):
                yield from (_with(node, elts=rest) for rest in _each_dropped(elements) if rest)
        case ast.Call(keywords=keywords):
            yield from (_with(node, keywords=rest) for rest in _each_dropped(keywords))
        case _:
            pass


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Raise() | ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Delete():
            yield ast.Pass()
        case ast.Return(value=ast.expr() as value) if not _is_nothing(value):
            yield ast.Return(ast.Constant(None))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case _:
            pass


def _constants(value: object) -> tuple[object, ...]:
    if isinstance(value, bool):
        return (not value,)
    return (value + 1, value - 1) if isinstance(value, int) and value else (1,) * (value == 0)


def _each_dropped(values: list[Any]) -> Iterator[list[Any]]:
    return (values[:place] + values[place + 1 :] for place in range(len(values)))


def _operands(op: ast.boolop, values: list[ast.expr]) -> ast.expr:
    return values[0] if len(values) == 1 else ast.BoolOp(op, values)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _is_nothing(value: ast.expr) -> bool:
    """None, or what counts as little: callers ask for its truth, and False is turned anyway."""
    match value:
        case ast.Constant(value=None | False):
            return True
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return not elements
        case _:
            return False
