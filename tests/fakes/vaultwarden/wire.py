"""Requests, answers and the several shapes of an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.vaultwarden.store import Store, User

JSON_LIMIT = 20_000_000


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class FailureError(Exception):
    """Ends a call with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def answer_json(content: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode())


def err(message: str, status: int = 400) -> FailureError:
    return FailureError(
        answer_json(
            {
                "message": message,
                "validationErrors": {"": [message]},
                "errorModel": {"message": message, "object": "error"},
                "error": "",
                "error_description": "",
                "exceptionMessage": None,
                "exceptionStackTrace": None,
                "innerExceptionMessage": None,
                "object": "error",
            },
            status,
        )
    )


def compact(message: str) -> FailureError:
    content = {"message": message, "validationErrors": None, "object": "error"}
    return FailureError(answer_json(content, 400))


_REASONS = {
    401: "Unauthorized",
    404: "Not Found",
    413: "Payload Too Large",
    422: "Unprocessable Entity",
    400: "Bad Request",
}


def catcher(status: int, *, as_json: bool) -> FailureError:
    """What the framework says before any handler of the server is reached."""
    reason = _REASONS[status]
    if as_json:
        return FailureError(
            answer_json(
                {"error": {"code": status, "reason": reason, "description": reason}}, status
            )
        )
    page = f"<!DOCTYPE html><html><body><h1>{status}: {reason}</h1></body></html>"
    return FailureError(Answer(status, page.encode(), "text/html; charset=utf-8"))


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    store: Store

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def wants_json(self) -> bool:
        return "application/json" in self.headers.get("accept", "")

    def form(self) -> dict[str, str]:
        """Fields with names in either spelling."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True)
        return {name.replace("_", "").lower(): value for name, value in pairs}

    def json(self, *required: str) -> dict[str, Any]:
        if len(self.body) > JSON_LIMIT:
            raise catcher(413, as_json=self.wants_json)
        try:
            content = json.loads(self.body)
        except ValueError:
            raise catcher(400, as_json=self.wants_json) from None
        if not isinstance(content, dict) or any(name not in content for name in required):
            raise catcher(422, as_json=self.wants_json)
        return content

    @property
    def user(self) -> User:
        """Who calls; a token of an older stamp or beyond its life is nobody's."""
        token = self.headers.get("authorization", "").rpartition("Bearer ")[2]
        user = self.store.user_of_token(token)
        if user is None:
            raise catcher(401, as_json=self.wants_json)
        return user


Handler = Callable[..., object]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []


def route(methods: str, pattern: str) -> Callable[[Handler], Handler]:
    """Register a call; ``<name>`` in the pattern is one segment."""
    compiled = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", pattern))

    def register(handler: Handler) -> Handler:
        ROUTES.extend((method, compiled, handler) for method in methods.split())
        return handler

    return register


def dispatch(request: Request) -> Answer:
    for method, pattern, handler in ROUTES:
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            try:
                result = handler(request, **match.groupdict())
            except FailureError as failure:
                return failure.answer
            if isinstance(result, Answer):
                return result
            return Answer() if result is None else answer_json(result)
    return catcher(404, as_json=request.path.startswith("/api")).answer
