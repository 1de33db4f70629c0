"""Which contents have one data key, across names: who opens one of them opens all. Pure.

A copy of a file keeps its data key, and `updatekeys` of sops does, too.
"""

from __future__ import annotations

from collections.abc import Iterable


class DataKeys:
    """Is told the links of each content; see ``ciphertexts.Version``."""

    def __init__(self) -> None:
        self._link_of: dict[str, int] = {}
        self._above: dict[int, int] = {}

    def add(self, blob: str, links: Iterable[bytes]) -> None:
        """``links``: what two contents share only if they have one data key."""
        for link in map(hash, links):
            self._above.setdefault(link, link)
            top = self._top(link)
            if blob in self._link_of:
                self._above[top] = self._top(self._link_of[blob])
            else:
                self._link_of[blob] = top

    def group(self, blob: str) -> int | str:
        """What is the same for all contents with the data key of this one."""
        return self._top(self._link_of[blob]) if blob in self._link_of else blob

    def sharing(self, blobs: Iterable[str]) -> frozenset[str]:
        """``blobs``, and every content with the data key of one of them."""
        chosen = frozenset(blobs)
        groups = {self.group(one) for one in chosen}
        return chosen | {one for one in self._link_of if self.group(one) in groups}

    def _top(self, link: int) -> int:
        while (above := self._above[link]) != link:
            self._above[link] = self._above[above]
            link = above
        return link
