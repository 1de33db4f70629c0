"""Secret files with the same ciphertext in them (keyless)."""

from __future__ import annotations

from collections.abc import Iterator

from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding


class CopyFinder:
    """Is shown every file's sketch, in the order of the names, and reports the copies."""

    def __init__(self) -> None:
        self._first_with: dict[bytes, str] = {}

    def add(self, file: str, sketch: tuple[bytes, ...]) -> Iterator[Finding]:
        """A finding where an earlier file has a tag of this one. GCM tags do not meet by chance."""
        earlier = next((self._first_with[tag] for tag in sketch if tag in self._first_with), None)
        for tag in sketch:
            self._first_with.setdefault(tag, file)
        if earlier is not None:
            yield found("copied-file", f"the same ciphertext as in {earlier}", file=file)
