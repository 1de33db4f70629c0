"""Who can read what: as the rules say, and as the files themselves say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from plana_secrets.age.recipients import canonical_recipient
from plana_secrets.errors import FailedError, PlanaSecretsError
from plana_secrets.secretfiles.formers import Seen, find_formers
from plana_secrets.secretfiles.open import check_sound
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Structure
from plana_secrets.sops.reading.reader import read_structure
from plana_secrets.sops.reading.stanza import recipient_kind
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.rulesfile import Rules


@dataclass(frozen=True, slots=True)
class RuleReaders:
    """One rule and its recipients in canonical spelling; ``file`` has the rule."""

    file: str
    rule: CreationRule
    recipients: frozenset[str]


@dataclass(frozen=True, slots=True)
class FileReaders:
    """Recipients in canonical spelling, sorted.

    ``readers``: whom the file names. ``unruled``: those of them who are not in its rule.
    ``missing``: who is in its rule and not in the file. ``former``: who can open it with an
    older version. ``problem``: why what the file says cannot be relied on; others may be able
    to read it, too.
    """

    file: str
    readers: tuple[str, ...] = ()
    unruled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    problem: str | None = None


def readers_of_rules(known: Iterable[Rules]) -> list[RuleReaders]:
    """Every rule, in the order of the files and of the rules in them. Pure."""
    return [
        RuleReaders(rules.file, rule, frozenset(map(canonical_recipient, rule.recipients)))
        for rules in known
        for rule in rules.creation_rules
    ]


def readers_of_files(snapshot: Snapshot, files: Sequence[str]) -> Iterator[FileReaders]:
    """Of each file, without opening it; in the order of the names."""
    former = _formers(snapshot, files)
    found = {
        file: _readers(snapshot, file, content, former.get(file, ()))
        for file, content in snapshot.contents(files)
    }
    return (found[file] for file in sorted(found))


def _readers(
    snapshot: Snapshot, file: str, content: bytes | FailedError, former: tuple[str, ...]
) -> FileReaders:
    if not isinstance(content, bytes):
        return FileReaders(file, problem=content.message)
    structure = read_structure(content, format_of(file))
    problem = None
    try:
        check_sound(structure, file)
    except PlanaSecretsError as error:
        problem = error.message.removeprefix(f"{file}: ")
    # a file that is broken, or in a format that is not read here, still names its readers
    readers = _named(structure) or Seen(content).recipients
    rule = snapshot.rule_for(file)
    ruled = set(map(canonical_recipient, rule.recipients)) if rule and readers else readers
    return FileReaders(
        file,
        tuple(sorted(readers)),
        tuple(sorted(readers - ruled)),
        tuple(sorted(ruled - readers)),
        former,
        problem or (None if rule else "no creation rule"),
    )


def _named(structure: Structure) -> frozenset[str]:
    stanzas = structure.metadata.recipients if structure.metadata else ()
    return frozenset(
        canonical_recipient(one.recipient) for one in stanzas if recipient_kind(one.recipient)
    )


def _formers(snapshot: Snapshot, files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """As far as the history here goes."""
    try:
        found = find_formers(snapshot.workspace, files, snapshot.contents, head=snapshot.commit)
    except FailedError:
        return {}  # `verify` says that the history is not whole
    return {file: one.readers for file, one in found.items()}
