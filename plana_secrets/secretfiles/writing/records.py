"""What the records of a journal may say. Pure.

A journal is read back after a crash and then executed, so nothing in it is believed:
each record is checked for its checksum, its types and its place, each file for a name
that cannot lead out of the work tree. ``encode`` and ``decode`` are each other's inverse.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from typing import Any, Final

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of records: seven thousand files in one change."""

_LONGEST_NAME: Final = 4096
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH: Final = re.compile(r"(?!-)(?!.*(?:\.\.|//|@\{))[^\x00-\x20\x7f~^:?*\[\\]{1,1000}")


class Stage(IntEnum):
    """How far a change got. Each is recorded before the effect that it names begins."""

    BEGUN = 1
    BUILT = 2
    PUSHING = 3
    PUSHED = 4
    REPLACING = 5


@dataclass(frozen=True, slots=True)
class IntendedFile:
    """A file, and the digests of its content before and after; None is no file."""

    file: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Intent:
    """What a change means to do.

    ``base`` and ``branch``: where HEAD was. ``commit``: whether it is committed;
    ``push``: the branch of the remote that it is pushed to.
    """

    operation: str
    root: str
    files: tuple[IntendedFile, ...]
    base: str | None = None
    branch: str | None = None
    commit: bool = False
    push: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A journal that was found. ``intent`` None: it stopped before anything was intended."""

    intent: Intent | None
    stage: Stage
    commit: str | None = None

    @property
    def operation(self) -> str:
        return self.intent.operation if self.intent else "a change"


def encode_intent(intent: Intent) -> bytes:
    """The first record of a change, with its newline."""
    return _encode({"begin": asdict(intent)})


def encode_stage(stage: Stage, commit: str | None = None) -> bytes:
    """The record that a stage begins, with its newline."""
    return _encode({"stage": stage.name, **({"commit": commit} if commit else {})})


def decode(data: bytes) -> Pending:
    """What the records say together.

    A last record without its newline was torn by a crash before its effect began, and
    counts as not written.

    Raises:
        ValueError: anything else that we would not have written; the message says what.
    """
    if len(data) > LARGEST:
        raise ValueError("too large")
    pending = Pending(None, Stage.BEGUN)
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        pending = _extend(pending, _parse(data[start:end]))
        start = end + 1
    return pending


def _encode(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, sort_keys=True).encode("ascii")
    return _checksum(text) + b" " + text + b"\n"


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode("ascii")


def _parse(line: bytes) -> dict[str, Any]:
    checksum, _, text = line.partition(b" ")
    if checksum != _checksum(text):
        raise ValueError("a checksum is wrong")
    try:
        record = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError("no record")  # noqa: TRY004 - a wrong type is one of many wrong contents
    return record


def _extend(pending: Pending, record: dict[str, Any]) -> Pending:
    if pending.intent is None:
        if set(record) != {"begin"}:
            raise ValueError("it does not begin with an intent")
        return Pending(_to_intent(record["begin"]), Stage.BEGUN)
    if not {"stage"} <= set(record) <= {"stage", "commit"}:
        raise ValueError("an unknown record")
    stage = Stage.__members__.get(record["stage"]) if isinstance(record["stage"], str) else None
    if stage is None or stage <= pending.stage:
        raise ValueError("the stages are not in order")
    commit = record.get("commit", pending.commit)
    _demand(commit is None or _is(_COMMIT, commit), "commit")
    return Pending(pending.intent, stage, commit)


def _to_intent(facts: Any) -> Intent:
    import msgspec  # a journal is rarely there

    try:
        intent = msgspec.convert(facts, Intent)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    _demand_known(facts, Intent)
    for one in facts["files"]:
        _demand_known(one, IntendedFile)
    check_intent(intent)
    return intent


def _demand_known(facts: Mapping[str, object], shape: type) -> None:
    _demand(set(facts) <= {one.name for one in fields(shape)}, "an unknown field")


def check_intent(intent: Intent) -> None:
    """Hold each field against what it may be.

    Raises:
        ValueError: the message names the field.
    """
    _demand(intent.operation.isprintable() and 0 < len(intent.operation) <= 1000, "operation")
    _demand(_is_name(intent.root) and intent.root.startswith("/"), "root")
    _demand(intent.base is None or _is(_COMMIT, intent.base), "base")
    _demand(intent.branch is None or _is(_BRANCH, intent.branch), "branch")
    _demand(intent.push is None or (intent.commit and _is(_BRANCH, intent.push)), "push")
    _demand(len({one.file for one in intent.files}) == len(intent.files), "files")
    for one in intent.files:
        _demand(stays_inside(one.file), "file")
        digests = (one.old, one.new)
        _demand(all(each is None or _is(_DIGEST, each) for each in digests), "digest")
        _demand(one.old != one.new, "digest")


def stays_inside(file: str) -> bool:
    """Whether ``file`` names a file of the work tree, by the name alone: no way up or out,
    nothing of git's own."""
    parts = file.split("/")
    return _is_name(file) and not any(
        part in {"", ".", ".."} or part.lower() == ".git" for part in parts
    )


def _is_name(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text) and len(os.fsencode(text)) <= _LONGEST_NAME
    except UnicodeEncodeError:
        return False


def _is(pattern: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)
