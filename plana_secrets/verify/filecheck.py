"""Checking each file as far as a key allows. Runs in this process or in a worker.

What comes back is small and holds no value: findings, the level, and what the checks
across files need to know.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from plana_secrets.age.identities import Identities
from plana_secrets.document.kinds import FileKind, kind_of
from plana_secrets.errors import CredentialError, FailedError
from plana_secrets.git.repository import Repository
from plana_secrets.paths import format_path
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.formats import format_of
from plana_secrets.sops.model import Comment, Defect, Leaf, Structure
from plana_secrets.sops.reading.reader import (
    UnreadableError,
    has_lost_metadata,
    open_document,
    read_structure,
)
from plana_secrets.sops.rules.creationrule import DAMAGED, CreationRule
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.check import Level
from plana_secrets.verify.checks import KEYED_CHECKS, KEYLESS_CHECKS
from plana_secrets.verify.checks.clusters import VARIABLES, readable_texts
from plana_secrets.verify.checks.keycopies import check_key_copies
from plana_secrets.verify.checks.plainmanifests import find_plain
from plana_secrets.verify.checks.strangers import (
    check_kind,
    check_stranger,
    is_secret_candidate,
    unreadable,
)
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.kustomize import ObjectKey, key_of
from plana_secrets.verify.policy import Policy
from plana_secrets.verify.subject import Subject

if TYPE_CHECKING:
    from plana_secrets.rotation.copies import KeyCopies
    from plana_secrets.sops.rules.rulebook import RuleBook

_SKETCH: Final = 4
_WRAPPED: Final = 2
_NAMED: Final = frozenset({"merge-conflict", "lfs-pointer", "unread-format"})
"""What the reader knows a file to be that it cannot read."""


@dataclass(frozen=True, slots=True)
class FileJob:
    """What is the same for every file of a run. ``copies``: what no file is to have copies of."""

    snapshot: Snapshot
    policy: Policy
    identities: Identities
    now: datetime
    copies: KeyCopies | None = None


@dataclass(frozen=True, slots=True)
class FileResult:
    """``level`` None: errors were found for which no key is needed, and none would help.

    ``sketch``: a few of the authentication tags in the file and digests of its wrapped data
    keys, to find copies by.
    ``seal``: the authentication tag of the MAC, as it is written; empty without one.
    ``object``: what a manifest is to Kubernetes, if it has a name.
    ``variables``: values that Flux may replace, which depends on who builds the file.
    ``ids``: the blob ids that git would give the content, with the line breaks as they are
    and without carriage returns; none where it could not be read. ``is_left_out``: it is
    not ours to check, and does not count.
    """

    file: str
    level: Level | None
    findings: tuple[Finding, ...]
    kind: FileKind | None = None
    sketch: tuple[bytes, ...] = ()
    seal: bytes = b""
    variables: tuple[Finding, ...] = ()
    object: ObjectKey | None = None
    ids: frozenset[str] = frozenset()
    is_left_out: bool = False


def check_files(job: FileJob, files: Sequence[str]) -> Iterator[FileResult]:
    """Every check of each file by itself; no content of one raises."""
    repository = job.snapshot.tree.repository
    for file, content in job.snapshot.contents(files):
        problems = tuple(check_kind(file, job.snapshot.entry(file)))
        if isinstance(content, FailedError):
            yield FileResult(file, None, problems or (unreadable(file, content),))
        else:
            yield replace(
                check_content(job, file, content, problems), ids=ids_of(repository, content)
            )


def ids_of(repository: Repository, content: bytes) -> frozenset[str]:
    """The blob ids that git may have given ``content``; see ``FileResult``."""
    return frozenset(repository.blob_id(one) for one in {content, content.replace(b"\r\n", b"\n")})


def check_content(
    job: FileJob, file: str, content: bytes, problems: tuple[Finding, ...] = ()
) -> FileResult:
    """The checks of one content under the name of a file; ``problems`` were seen before."""
    if not content or not is_secret_candidate(file):
        return FileResult(file, None, (*problems, *check_stranger(file, content)))
    structure = read_structure(content, format_of(file))
    if structure.metadata is None:
        return FileResult(file, None, (*problems, *_without_metadata(file, content, structure)))
    problems += tuple(_from_defects(file, structure.defects))
    return _check_structure(job, file, structure, problems)


def _without_metadata(file: str, content: bytes, structure: Structure) -> Iterator[Finding]:
    """A file that sops did not write, or that is too broken to tell."""
    if has_lost_metadata(structure):
        yield found("metadata", "the values are encrypted, but the sops block is gone", file=file)
        return
    # UTF-16 and UTF-32 have a zero beside each of these letters
    is_named = _is_named(structure)
    is_closed = b"ENC[" in content.replace(b"\0", b"")
    if not (is_closed or is_named) or all(one.check == "not-sops" for one in structure.defects):
        # what encrypts it says how it has to be written
        yield from check_stranger(file, content)
        return
    if not (is_closed and is_named) and find_plain(content).secret:
        yield from check_stranger(file, content)
    yield from _from_defects(file, structure.defects)


def _is_named(structure: Structure) -> bool:
    """Whether the reader knows what the file is, if not a secret file."""
    return any(one.check in _NAMED for one in structure.defects)


def _check_structure(
    job: FileJob, file: str, structure: Structure, problems: tuple[Finding, ...]
) -> FileResult:
    assert structure.metadata is not None  # noqa: S101 - the caller has seen to it
    rule, rules_known = _sound_rule(job, file)
    subject = Subject(
        file=file,
        structure=structure,
        metadata=structure.metadata,
        rule=rule,
        kind=kind_of(rule.selector if rule else structure.metadata.selector),
        policy=job.policy,
        now=job.now,
        keysets_folder=job.snapshot.settings.keysets,
        rules_known=rules_known,
    )
    findings = list(problems)
    for check in KEYLESS_CHECKS:
        findings.extend(check(subject))
    level, keyed = _check_opened(job, subject)
    findings.extend(keyed)
    variables = tuple(one for one in findings if one.check == VARIABLES)
    others = tuple(one for one in findings if one.check != VARIABLES)
    sketch, key = _sketch_of(structure), _object_of(subject)
    mac = subject.metadata.mac
    seal = base64.b64encode(mac.tag) if mac is not None else b""
    return FileResult(file, level, others, subject.kind, sketch, seal, variables, key)


def _sound_rule(job: FileJob, file: str) -> tuple[CreationRule | None, bool]:
    """The rule for ``file``, and whether the rules say what it should be.

    What a damaged rule demands is not what anyone meant: the damage is one finding, and a
    file that differs from it is none.
    """
    rule = job.snapshot.rule_for(file)
    if rule is not None and rule.problem is not None and rule.problem.check in DAMAGED:
        return None, False
    return rule, _knows_rules(job.snapshot.rule_book, file)


def _knows_rules(book: RuleBook, file: str) -> bool:
    deciding = book.rules_for(file)
    return bool(book.known) and not (deciding and deciding.is_unreadable)


def _from_defects(file: str, defects: Iterable[Defect]) -> Iterator[Finding]:
    """What the reader of SOPS files saw; its words are ids of the catalogue."""
    for defect in defects:
        yield Finding(
            defect.check,
            defect.severity,
            defect.message,
            file,
            defect.line,
            format_path(defect.path) if defect.path else None,
        )


def _check_opened(job: FileJob, subject: Subject) -> tuple[Level | None, list[Finding]]:
    """What needs the identity; a file with errors in its form is not opened."""
    if not subject.structure.is_sound:
        return None, []
    try:
        document = open_document(subject.structure, job.identities)
    except CredentialError:
        return Level.L1, []
    except UnreadableError as error:
        return Level.L3, [*_from_defects(subject.file, error.defects)]
    findings: list[Finding] = []
    opened = replace(subject, document=document)
    for check in KEYED_CHECKS:
        findings.extend(check(opened))
    if job.copies is not None:
        findings.extend(check_key_copies(opened, job.copies))
    return Level.L3, findings


def _object_of(subject: Subject) -> ObjectKey | None:
    """The namespace and the name of a manifest, which are readable."""
    if subject.kind is not FileKind.SECRET_MANIFEST:
        return None
    plain = readable_texts(subject)
    name = plain.get(("metadata", "name"), "")
    return key_of("v1", "Secret", plain.get(("metadata", "namespace"), ""), name) if name else None


def _sketch_of(structure: Structure) -> tuple[bytes, ...]:
    """The smallest tags: two files that share most of their ciphertext share one of them.

    Then the smallest wrapped data keys: a copy in which every value is new still has them.
    """
    tags = {
        item.token.tag
        for item in structure.items
        if isinstance(item, (Leaf, Comment)) and item.token is not None
    }
    stanzas = structure.metadata.recipients if structure.metadata else ()
    wrapped = {hashlib.sha256(one.enc.encode()).digest() for one in stanzas}
    return (*sorted(tags)[:_SKETCH], *sorted(wrapped)[:_WRAPPED])
