"""Secret files with the same ciphertext or the same data key in them (keyless)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding

TAG_BYTES: Final = 16
"""Of a GCM tag. What a sketch has of wrapped data keys is longer."""


class CopyFinder:
    """Is shown every file's sketch, in the order of the names, and reports the copies."""

    def __init__(self) -> None:
        self._first_with: dict[bytes, str] = {}

    def add(self, file: str, sketch: tuple[bytes, ...]) -> Iterator[Finding]:
        """A finding where an earlier file has a tag or a wrapped data key of this one.

        Neither meets another by chance: each is new whenever sops encrypts.
        """
        shared = next((one for one in sketch if one in self._first_with), None)
        if shared is not None:
            what = "ciphertext" if len(shared) == TAG_BYTES else "data key"
            words = f"the same {what} as in {self._first_with[shared]}"
            yield found("copied-file", words, file=file)
        for one in sketch:
            self._first_with.setdefault(one, file)
