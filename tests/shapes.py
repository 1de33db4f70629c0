"""The shapes of ``--json`` as ``docs/json.md`` has them, and whether an output is of one.

``World.run`` holds every object that the program prints in any test to them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "json.md"

_WORDS: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "number": int,
    "true or false": bool,
}


@functools.cache
def shapes() -> dict[str, dict[str, Any]]:
    """The block of each schema, by its name."""
    found: dict[str, dict[str, Any]] = {}
    for block in PAGE.read_text().split("```json\n")[1:]:
        shape = json.loads(block.partition("```")[0])
        for schema in shape.pop("schema").split(" | "):
            found[schema] = shape
    return found


def check_run(argv: Sequence[str], stdout: str) -> None:
    """Hold what a run of the program with ``argv`` printed to its shape, if it is JSON."""
    own = argv[: argv.index("--")] if "--" in argv else argv
    if "--json" in own:
        check_output(stdout)


def check_output(stdout: str) -> None:
    """
    Raises:
        AssertionError: it is not one object of a documented shape.
    """
    if not stdout:
        return
    try:
        content = json.loads(stdout)
    except ValueError:
        raise AssertionError(f"--json printed no single object: {stdout[:500]}") from None
    schema = content.pop("schema")
    assert schema in shapes(), f"{schema} is not in {PAGE.name}"
    problems = list(differences(shapes()[schema], content, schema))
    assert not problems, f"not as in docs/{PAGE.name}, describe it there: {problems}"


def differences(shape: Any, content: Any, place: str) -> Iterator[str]:
    """Where ``content`` is not as ``shape`` says."""
    if isinstance(shape, dict):
        yield from _of_map(shape, content, place)
    elif isinstance(shape, list):
        if not isinstance(content, list):
            yield f"{place}: a list was expected"
            return
        for position, item in enumerate(content):
            yield from differences(shape[0], item, f"{place}[{position}]")
    elif not _is_word(shape, content):
        yield f"{place}: {content!r} is not {shape}"


def _of_map(shape: dict[str, Any], content: Any, place: str) -> Iterator[str]:
    if not isinstance(content, dict):
        yield f"{place}: an object was expected"
        return
    (only, *others) = shape
    if only.startswith("<") and not others:
        for name, item in content.items():
            yield from differences(shape[only], item, f"{place}.{name}")
        return
    fields = {_name(field): (field, inner) for field, inner in shape.items()}
    yield from (f"{place}.{name}: not documented" for name in content if name not in fields)
    for name, (field, inner) in fields.items():
        if name not in content:
            if not field.endswith("?"):
                yield f"{place}.{name}: missing"
        elif not (content[name] is None and field.endswith(" or null")):
            yield from differences(inner, content[name], f"{place}.{name}")


def _name(field: str) -> str:
    return field.removesuffix("?").removesuffix(" or null")


def _is_word(shape: str, content: Any) -> bool:
    if shape == "anything":
        return True
    if content is None:
        return shape.endswith((" or null", " | null"))
    word = shape.removesuffix(" or null")
    if word in _WORDS:
        return isinstance(content, _WORDS[word]) and (word != "number" or content is not True)
    return content in word.split(" | ")
