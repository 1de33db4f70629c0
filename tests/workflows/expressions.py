"""``${{ ... }}`` and ``if:`` of a workflow, as far as ours use them.

Source: docs.github.com, "Evaluate expressions in workflows and actions".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[\w.-]+|==|!=|&&|\|\||[!(),])")
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "format": lambda text, *given: text.format(*map(as_text, given)),
    "always": lambda: True,
    "success": lambda: True,
}


def substitute(value: Any, contexts: dict[str, Any]) -> Any:
    """The text with each expression replaced by what it says, as text."""
    if not isinstance(value, str):
        return value
    return _EMBEDDED.sub(lambda match: as_text(evaluate(match[1], contexts)), value)


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def evaluate(expression: str, contexts: dict[str, Any]) -> Any:
    """The value of one expression; what is not there is None, as in the runners."""
    text = re.sub(r"^\s*\$\{\{(.*)\}\}\s*$", r"\1", expression, flags=re.DOTALL)
    tokens = _TOKEN.findall(text)
    assert "".join(tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text), text
    return _Parser(tokens, contexts).whole()


class _Parser:
    def __init__(self, tokens: list[str], contexts: dict[str, Any]) -> None:
        self.tokens, self.contexts = tokens, contexts

    def whole(self) -> Any:
        value = self.any_of()
        assert not self.tokens, self.tokens
        return value

    def any_of(self) -> Any:
        value = self.all_of()
        while self.take("||"):
            other = self.all_of()
            value = value or other
        return value

    def all_of(self) -> Any:
        value = self.equal()
        while self.take("&&"):
            other = self.equal()
            value = other if value else value
        return value

    def equal(self) -> Any:
        value = self.one()
        if self.take("=="):
            return value == self.one()
        if self.take("!="):
            return value != self.one()
        return value

    def one(self) -> Any:
        if self.take("!"):
            return not self.one()
        if self.take("("):
            value = self.any_of()
            assert self.take(")")
            return value
        token = self.tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self.take("("):
            return self.call(token)
        return (
            {"true": True, "false": False}[token]
            if token in {"true", "false"}
            else self.look(token)
        )

    def call(self, name: str) -> Any:
        given = []
        while not self.take(")"):
            given.append(self.any_of())
            self.take(",")
        return _FUNCTIONS[name](*given)

    def look(self, name: str) -> Any:
        value: Any = self.contexts
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def take(self, token: str) -> bool:
        if self.tokens[:1] == [token]:
            self.tokens.pop(0)
            return True
        return False
