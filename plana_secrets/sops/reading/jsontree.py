"""A SOPS file in JSON to a tree.

Source: ``stores/json/store.go`` of sops 3.11.0 and 3.13.3.
"""

from __future__ import annotations

from plana_secrets.sops.reading.containers import read_events
from plana_secrets.sops.reading.jsonevents import JsonEvents
from plana_secrets.sops.reading.parts import METADATA_KEY, Scalar, Tree
from plana_secrets.sops.reading.scalars import format_float


def read_json_tree(text: str) -> Tree:
    """The tree of a text that ``read_source`` let pass."""
    tree = Tree(text)
    tree.spans = None  # there are no comments to look for
    read_events(tree, JsonEvents(text), "JSON")
    for entry in tree.scalars:
        if isinstance(entry, Scalar):
            _check_scalar(tree, entry)
    for container in tree.containers[1:]:
        _check_key(tree, container.path[0], container.line)
    return tree


def _check_scalar(tree: Tree, scalar: Scalar) -> None:
    path = scalar.container.path
    if scalar.step is None:
        message = "an encrypted comment is used as a value"
        tree.refuse(message, scalar.line, path, "not-canonical")
        return
    if not path:
        _check_key(tree, scalar.step, scalar.line)
    if scalar.plain and _is_read_in_two_ways(scalar.value):
        message = "a number that releases of sops read differently; quote it"
        tree.refuse(message, scalar.line, (*path, scalar.step), "ambiguous-scalar")


def _is_read_in_two_ways(text: str) -> bool:
    """Whether a whole number is another one as a float, as sops before 3.12 read them all."""
    digits = text.removeprefix("-")
    if not digits.isdigit() or len(digits) > 19:
        return False
    return format_float(float(text)) != b"%d" % int(text)


def _check_key(tree: Tree, step: str | int, line: int) -> None:
    """Go finds the metadata by its name in any letters, and sops reads it twice."""
    if isinstance(step, str) and step.casefold() == METADATA_KEY:
        message = "a second sops block, in other letters"
        tree.refuse(message, line, (METADATA_KEY,), "metadata")
