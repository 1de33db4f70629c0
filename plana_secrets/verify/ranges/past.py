"""Ciphertexts of older commits that are back: the MAC holds, and a rotation is undone."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from plana_secrets.git.blobs import iterate_contents
from plana_secrets.git.ranges import NewFile, cut_commits, earlier_files
from plana_secrets.git.repository import Repository
from plana_secrets.paths import format_path
from plana_secrets.sops.model import Leaf, Structure
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.ranges.content import Pair

_TAG: Final = re.compile(rb"tag:([A-Za-z0-9+/]+=*)")


def check_past(
    repository: Repository,
    base: str,
    pairs: Sequence[Pair],
    added: Mapping[str, Structure],
    doubts: list[str],
) -> Iterator[Finding]:
    """What is new since ``base``, and was in one of the commits before it.

    ``added``: files that the base does not have. What a commit removed may come back as it was
    then, and no older. A base that was broken is passed over: an older version is what repairs it.
    ``doubts`` gets the reason why not every older commit was seen.
    """
    wanted = _wanted(pairs, added)
    if not wanted:
        return
    if cut_commits(repository.common_dir):
        doubts.append(
            "a shallow clone does not show whether an old value is back; "
            "`git fetch --unshallow` completes it"
        )
    earlier = earlier_files(repository, base, list(wanted))
    for file, known in _removed_tags(repository, earlier, added).items():
        new = {tag: leaf for tag, leaf in wanted[file][1].items() if tag not in known}
        wanted[file] = file, new
    at = _by_blob(earlier)
    for blob, content in iterate_contents(repository.command, list(at)):
        tags_here = tags_in(content) if isinstance(content, bytes) else set()
        for one in at[blob].values():
            file, tags = wanted[one.file]
            for tag in tags_here & tags.keys():
                leaf = tags.pop(tag)
                words = f"the ciphertext of commit {one.commit[:12]} is back"
                path = format_path(leaf.path)
                yield found("rolled-back", words, file=file, line=leaf.line, path=path)


def _wanted(
    pairs: Sequence[Pair], added: Mapping[str, Structure]
) -> dict[str, tuple[str, dict[bytes, Leaf]]]:
    """By the name of a file before: its name now, and the leaves that are new."""
    wanted = {one.was: (one.file, _new_tags(one)) for one in pairs if one.old.is_sound}
    wanted |= {file: (file, leaves_by_tag(structure)) for file, structure in added.items()}
    return {was: (file, tags) for was, (file, tags) in wanted.items() if tags}


def _by_blob(earlier: Mapping[str, Sequence[NewFile]]) -> dict[str, dict[str, NewFile]]:
    at: dict[str, dict[str, NewFile]] = {}
    for versions in earlier.values():
        for one in versions:
            at.setdefault(one.entry.id, {})[one.file] = one
    return at


def _removed_tags(
    repository: Repository, earlier: Mapping[str, Sequence[NewFile]], added: Iterable[str]
) -> dict[str, set[bytes]]:
    """The authentication tags that ``added`` files had when they were removed; one git reads."""
    last = {file: earlier[file][0].entry.id for file in added if earlier.get(file)}
    held = {
        blob: tags_in(content)
        for blob, content in iterate_contents(repository.command, list(last.values()))
        if isinstance(content, bytes)
    }
    return {file: held.get(blob, set()) for file, blob in last.items()}


def tags_in(content: bytes) -> set[bytes]:
    """The authentication tags in a file, as they are written; none meets another by chance."""
    return set(_TAG.findall(content))


def _new_tags(pair: Pair) -> dict[bytes, Leaf]:
    before = set(leaves_by_tag(pair.old))
    return {tag: leaf for tag, leaf in leaves_by_tag(pair.new).items() if tag not in before}


def leaves_by_tag(structure: Structure) -> dict[bytes, Leaf]:
    """The encrypted leaves by their authentication tag, as it is written."""
    return {
        base64.b64encode(leaf.token.tag): leaf
        for leaf in structure.leaves()
        if leaf.token is not None
    }
