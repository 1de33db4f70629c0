"""What a variant is, and how ``verify`` is asked about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from plana_secrets.config import load_settings, settings_in
from plana_secrets.errors import PlanaSecretsError
from plana_secrets.git.trees import CommitTree
from plana_secrets.secretfiles.snapshot import index
from plana_secrets.verify.check import Level
from plana_secrets.verify.finding import Finding, Severity
from plana_secrets.verify.ranges.pushes import Receiver, Update, ends_of_update
from plana_secrets.verify.ranges.run import verify_range
from plana_secrets.verify.report import Report
from plana_secrets.verify.run import Demand, verify_files
from tests.attacks.changes import Change
from tests.attacks.ground import Ground
from tests.verify.inprocess import NO_IDENTITY, verify, workspace_of
from tests.verify.ranges.inprocess import terms_in, verify_commits


class Look(Enum):
    """What ``verify`` is given: the checkout, without or with an identity, the index, a range,
    a push to a server that has the base, or the checkout and the mirror.
    """

    FILE = Level.L1, "keyless"
    INDEX = Level.L2, "staged"
    RANGE = Level.L2, "range"
    PUSH = Level.L2, "push"
    KEYED = Level.L3, "keyed"
    MIRROR = Level.L4, "mirror"

    @property
    def level(self) -> Level:
        return self.value[0]


@dataclass(frozen=True, slots=True)
class Variant:
    """``source``: the row of the catalogue of attacks (A1 to A43), or of what sops accepts.

    ``change``: the text of ``file`` is all that is changed; nothing in git is.

    ``check``: what must be found, where ``verify`` looks as ``look`` says; None if nothing in
    the repository tells it from honest work, and ``why`` then says what would. ``file``: the
    one that is attacked, for other programs.
    """

    name: str
    source: str
    look: Look
    check: str | None
    build: Callable[[Ground], object]
    file: str
    severity: str = "error"
    why: str = ""
    change: Change | None = None

    def __str__(self) -> str:
        return f"{self.source}: {self.name}"


def found_in(ground: Ground, look: Look) -> list[Finding]:
    """Everything that ``verify`` finds in what was built; what stops it counts as a finding."""
    try:
        return list(_FINDERS[look](ground))
    except PlanaSecretsError as error:
        return [Finding(error.kind or "", Severity.ERROR, error.message)]


def _told(report: Report) -> list[Finding]:
    """The findings; a run that could not finish is none of an OK."""
    doubts = [Finding("incomplete", Severity.ERROR, one.reason) for one in report.unfinished]
    return [*report.findings, *doubts]


def _in_file(ground: Ground) -> list[Finding]:
    return _told(verify(ground.world, identities=NO_IDENTITY, workers=1))


def _keyed(ground: Ground) -> list[Finding]:
    return _told(verify(ground.world, workers=1))


def _staged(ground: Ground) -> list[Finding]:
    snapshot = index(workspace_of(ground.world, NO_IDENTITY))
    settings = settings_in(snapshot.tree)
    report = verify_files(
        snapshot.under(settings.files), Demand(settings.policy), now=datetime.now(UTC), workers=1
    )
    return _told(report)


def _range(ground: Ground) -> list[Finding]:
    return _told(verify_commits(ground.world, "base..HEAD"))


def _push(ground: Ground) -> list[Finding]:
    workspace = workspace_of(ground.world, NO_IDENTITY)
    repository = workspace.repository
    base = repository.resolve("base")
    chosen = terms_in(CommitTree(repository, base)).branch
    receiver = Receiver(("base",), ("main", *([chosen] if chosen else [])), base)
    told: list[Finding] = []
    for update in ground.updates or [Update("refs/heads/main", base, repository.head())]:
        ends = ends_of_update(repository, update, receiver)
        if ends is not None:
            report = verify_range(
                workspace, ends, terms_in, now=datetime.now(UTC), may_be_empty=True, workers=1
            )
            told.extend(_told(report))
    return told


def _mirror(ground: Ground) -> list[Finding]:
    settings = load_settings(ground.world.repo).mirror
    report = verify(
        ground.world, find_drift={"the mirror": lambda: ground.drift(settings)}, workers=1
    )
    return _told(report)


_FINDERS = {
    Look.FILE: _in_file,
    Look.INDEX: _staged,
    Look.RANGE: _range,
    Look.PUSH: _push,
    Look.KEYED: _keyed,
    Look.MIRROR: _mirror,
}
