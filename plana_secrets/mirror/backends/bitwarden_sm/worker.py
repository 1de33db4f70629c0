"""The process in which bitwarden-sdk lives; started by ``client``, never imported by it.

The SDK holds Python's lock during network calls, has no time limit, does not survive a
fork, ends with errors that no ``except Exception`` sees, and puts what the server said
(tokens among it) into their texts. So it gets a process of its own: one line of JSON in, one
line of JSON out, and of an error nothing but a word of ``FAILURES`` crosses the pipe.

A request is ``{"call": NAME, "seconds": N, ...}``; after N seconds the system ends this
process, whatever it is doing. An answer is ``{"result": ...}`` or ``{"failure": WORD}``. It is
started by its path and isolated (``python -I``): it loads the standard library and the SDK.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

FAILURES = (
    "not-installed",
    "bad-token",
    "refused",
    "forbidden",
    "not-found",
    "wrong-organization",
    "too-many",
    "server",
    "not-bitwarden",
    "rejected",
    "unreachable",
    "untrusted",
    "unclear",
)
"""What a call can fail with; ``client`` has an error for each."""

_STATUS = re.compile(r"\[(\d{3})(?: [A-Za-z -]*)?\]")
_BY_STATUS = {401: "refused", 403: "forbidden", 404: "not-found", 429: "too-many"}
_BY_WORDS = (
    ("access token", "bad-token"),
    ("invalid identifier", "bad-token"),
    ("decryption key", "bad-token"),
    ("base64", "bad-token"),
    ("missing key for id", "wrong-organization"),
    ("certificate", "untrusted"),
    ("unknownissuer", "untrusted"),
    ("invalid peer", "untrusted"),
    ("error sending request", "unreachable"),
    ("builder error", "unreachable"),
    ("error decoding response body", "not-bitwarden"),
    ("expected value", "not-bitwarden"),
    ("missing", "not-bitwarden"),
    ("invalid type", "not-bitwarden"),
    ("content type", "not-bitwarden"),
    ("content-type", "not-bitwarden"),
    ("decrypt", "bad-token"),
    ("mac", "bad-token"),
)


class Session:
    """One login to one organization."""

    def __init__(self) -> None:
        self._client: Any = None
        self._organization = ""

    def log_in(self, request: dict[str, Any]) -> object:
        from bitwarden_sdk import BitwardenClient, client_settings_from_dict

        settings = {
            "apiUrl": request["api_url"],
            "identityUrl": request["identity_url"],
            "deviceType": "SDK",
            "userAgent": "plana-secrets",
        }
        self._client = BitwardenClient(client_settings_from_dict(settings))
        self._organization = request["organization"]
        self._client.auth().login_access_token(request["token"])
        return None

    def list_projects(self, request: dict[str, Any]) -> object:
        del request
        answer = self._client.projects().list(self._organization)
        return {str(one.id): one.name for one in answer.data.data}

    def list_secrets(self, request: dict[str, Any]) -> object:
        del request
        answer = self._client.secrets().sync(self._organization, None)
        return [_secret(one) for one in answer.data.secrets or ()]

    def read_secrets(self, request: dict[str, Any]) -> object:
        answer = self._client.secrets().get_by_ids(request["ids"])
        return [_secret(one) for one in answer.data.data]

    def create_secret(self, request: dict[str, Any]) -> object:
        answer = self._client.secrets().create(self._organization, *_content(request))
        return _secret(answer.data)

    def update_secret(self, request: dict[str, Any]) -> object:
        content = _content(request)
        answer = self._client.secrets().update(self._organization, request["id"], *content)
        return _secret(answer.data)

    def delete_secrets(self, request: dict[str, Any]) -> object:
        """The ids that were not deleted."""
        answer = self._client.secrets().delete(request["ids"])
        return [str(one.id) for one in answer.data.data if one.error]


def _content(request: dict[str, Any]) -> tuple[str, str, str, list[str]]:
    return request["key"], request["value"], request["note"], [request["project"]]


def _secret(one: Any) -> dict[str, Any]:
    project = one.project_id
    return {
        "id": str(one.id),
        "key": one.key,
        "value": one.value,
        "note": one.note,
        "project": None if project is None else str(project),
        "revision": one.revision_date.isoformat(),
    }


def classify(text: str) -> str:
    """The word for what the SDK said; the text itself stays here."""
    status = _STATUS.search(text)
    number = int(status.group(1)) if status else 0
    if number >= 500:
        return "server"
    if number in _BY_STATUS:
        return _BY_STATUS[number]
    if 200 <= number < 400:
        return "not-bitwarden"
    lowered = text.lower()
    word = next((word for part, word in _BY_WORDS if part in lowered), None)
    return word or ("rejected" if number >= 400 else "unclear")


def answer(session: Session, line: bytes) -> dict[str, Any]:
    """Carry out one request."""
    request = json.loads(line)
    calls: dict[str, Callable[[dict[str, Any]], object]] = {
        "log-in": session.log_in,
        "list-projects": session.list_projects,
        "list-secrets": session.list_secrets,
        "read-secrets": session.read_secrets,
        "create-secret": session.create_secret,
        "update-secret": session.update_secret,
        "delete-secrets": session.delete_secrets,
    }
    signal.setitimer(signal.ITIMER_REAL, request["seconds"])
    try:
        return {"result": calls[request["call"]](request)}
    except ImportError:
        return {"failure": "not-installed"}
    except (AssertionError, KeyError, TypeError, ValueError):
        return {"failure": "not-bitwarden"}  # what its classes say of an answer of another form
    except BaseException as error:  # noqa: BLE001 - Rust's panics derive from it
        return {"failure": classify(str(error))}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def die_with_parent() -> None:
    """Ask Linux to end this process with the one that started it."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, prctl(2)


def private_streams() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the parent; what the SDK itself would print goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    return requests, answers


def main(parent: int) -> None:
    """Serve the parent until it closes the pipe."""
    die_with_parent()
    if os.getppid() != parent:
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = private_streams()
    session = Session()
    for line in requests:
        answers.write(json.dumps(answer(session, line)).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
