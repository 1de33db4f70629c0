"""A value that does not print, pickle or serialise, and has one way out.

A plain class with slots on purpose: a dataclass with ``repr=False`` is still taken
apart by ``dataclasses.asdict`` of its owner. ``reveal()`` and ``reveal_text()`` are
the only ways to the content, and both are easy to grep for.
"""

from __future__ import annotations

import hmac
from typing import NoReturn, Self


class Secret:
    """Bytes that must not be seen.

    Equality is in constant time for values of one length. It is not hashable: a hash
    table compares by buckets, and a short value can be guessed from its hash.
    """

    __slots__ = ("__content",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, content: bytes) -> None:
        self.__content = bytes(content)

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls(text.encode("utf-8"))

    def reveal(self) -> bytes:
        """The content. Every call of this is a place to look at in a review."""
        return self.__content

    def reveal_text(self) -> str:
        """The content as text.

        Raises:
            ValueError: it is not UTF-8 (without the bytes, unlike UnicodeDecodeError).
        """
        try:
            return self.__content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("the value is not UTF-8 text") from None

    @property
    def is_empty(self) -> bool:
        return not self.__content

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__content, other.reveal())

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a Secret is not formatted into text; reveal() it on purpose")

    def __bool__(self) -> NoReturn:
        raise TypeError("the truth of a Secret is ambiguous; ask is_empty")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not serialised")
