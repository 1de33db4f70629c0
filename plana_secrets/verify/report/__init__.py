"""The outcome of a run of `verify`, and the forms in which it is shown.

``formats``
    The table of forms: a form is one file here and one row there.
``text`` | ``json`` | ``sarif`` | ``github`` | ``markdown``
    A form each: its `render` takes a report and gives text in which nothing foreign can act.
``summary`` | ``fixes``
    What every form says: where a finding is, how far the run went, the verdict; and a fix that
    can be pasted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from plana_secrets.sops.model import Severity
from plana_secrets.verify.check import Level
from plana_secrets.verify.finding import Finding

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Something that the run set out to do and could not; ``exit_code`` is its error's."""

    reason: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Report:
    """``file_levels``: every file that was checked, with the level that it reached.

    ``files``: how many there were to check; ``readable``: files that may be readable, and
    were looked at. ``asked``: the level that was demanded. ``remarks``: what was compared. With
    something ``unfinished`` no report looks complete.
    """

    file_levels: Mapping[str, Level]
    findings: tuple[Finding, ...]
    suppressed: int = 0
    asked: Level | None = None
    unfinished: tuple[Unfinished, ...] = ()
    files: int = 0
    readable: int = 0
    remarks: tuple[str, ...] = ()
    counts: Mapping[Severity, int] = field(init=False)

    def __post_init__(self) -> None:
        counts = dict.fromkeys(Severity, 0)
        for finding in self.findings:
            counts[finding.severity] += 1
        object.__setattr__(self, "counts", counts)

    @property
    def level(self) -> Level:
        """The lowest level that any file reached."""
        return min(self.file_levels.values(), default=Level.L1)

    @property
    def checked(self) -> int:
        return len(self.file_levels)

    @property
    def reached(self) -> bool:
        """Whether every file reached the level that was asked for."""
        return self.asked is None or not self.file_levels or self.level >= self.asked

    @property
    def complete(self) -> bool:
        return self.reached and not self.unfinished and self.checked == self.files

    def failures(self, *, strict: bool) -> int:
        """How many findings make the run fail."""
        errors = self.counts[Severity.ERROR]
        return errors + self.counts[Severity.WARNING] if strict else errors

    def exit_code(self, *, strict: bool = False) -> int:
        """0 nothing found, 1 findings, 4 the level asked for was not reached.

        Findings in a check that did not finish are 3: never 1, which means that it did.
        Without findings it is the code of what stopped it.
        """
        failures = self.failures(strict=strict)
        if self.complete:
            return 1 if failures else 0
        if failures:
            return 3
        if self.unfinished:
            return self.unfinished[0].exit_code
        return 3 if self.reached else 4


@dataclass(frozen=True, slots=True)
class View:
    """``strict``: warnings fail the run. ``everything``: each place of each check is listed.

    ``here``: makes the commands in a fix work where the person is.
    """

    strict: bool = False
    everything: bool = False
    here: Callable[[str], str] = str


def in_order(findings: tuple[Finding, ...] | list[Finding]) -> tuple[Finding, ...]:
    """Errors first, then by check, file and line; the same in every run."""
    return tuple(
        sorted(
            set(findings),
            key=lambda one: (
                _ORDER[one.severity],
                one.check,
                one.file or "",
                one.line or 0,
                one.path or "",
                one.message,
            ),
        )
    )
