"""The only door to the YAML event parser: libyaml, through PyYAML.

Events only. Nothing is constructed or resolved, so a tag in a file can make nothing
happen. The pure Python parser of PyYAML is never used: it is fifty times slower, and
two parsers are two opinions.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import yaml
from yaml import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    MarkedYAMLError,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
    YAMLError,
)

from plana_secrets.errors import FailedError

__all__ = [
    "AliasEvent",
    "DocumentEndEvent",
    "DocumentStartEvent",
    "EventParser",
    "MappingEndEvent",
    "MappingStartEvent",
    "MarkedYAMLError",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "StreamEndEvent",
    "StreamStartEvent",
    "YAMLError",
    "event_parser",
]


class EventParser(Protocol):
    """``get_event``: the next event, None after the last; raises ``YAMLError``."""

    def get_event(self) -> Any: ...


def event_parser(content: str | bytes) -> EventParser:
    """A parser over one text. Marks count lines, columns and characters from 0.

    Raises:
        YAMLError: bytes that are no UTF-8 or UTF-16 text. Its words quote the content.
        FailedError: PyYAML was installed without libyaml (kind ``no-libyaml``).
    """
    if _PARSER is None:
        raise FailedError("PyYAML was installed without libyaml", kind="no-libyaml")
    parser: EventParser = _PARSER(content)
    return parser


_PARSER: Final = getattr(yaml, "CBaseLoader", None)


ADVICE: Final = {
    "no-libyaml": (
        "install a wheel of PyYAML: `python -m pip install --force-reinstall "
        "--only-binary :all: PyYAML`"
    ),
}
