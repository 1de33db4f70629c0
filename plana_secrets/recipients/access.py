"""Who has access, changed: rules, settings and the files of both, in one journalled change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from plana_secrets import limits
from plana_secrets.errors import FailedError, MissingFileError
from plana_secrets.recipients.apply import Survey, stage_plans, survey
from plana_secrets.recipients.plan import Demand
from plana_secrets.recipients.rulesedit import recipients_of
from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.secretfiles.snapshot import Snapshot, rules_in_use, work_tree
from plana_secrets.secretfiles.workspace import RULES_FILE, Workspace
from plana_secrets.secretfiles.writing.stage import StagedFile
from plana_secrets.secretfiles.writing.writer import CommitRequest, WriteResult, write_files
from plana_secrets.sops.rules.rulesfile import Rules
from plana_secrets.storage import digest_of, path_below, read_regular_file


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What is to be written. ``positions``: rules that change; ``workspace``: under them.
    ``rules``: None where they stay as they are."""

    positions: tuple[int, ...]
    rules: bytes | None
    settings: bytes
    survey: Survey
    workspace: Workspace

    def files_of(self, recipients: Collection[str]) -> list[str]:
        """The files that get a new data key because these could open them."""
        return [
            plan.file
            for plan in self.survey.plans
            if not set(recipients).isdisjoint((*plan.removed, *plan.former))
        ]


def plan_access(
    workspace: Workspace,
    recipients: Collection[str],
    positions: Collection[int],
    rules: bytes,
    settings: bytes,
    demand: Demand,
) -> AccessChange:
    """Which files are to change: those of the rules at ``positions``, and those that name one
    of ``recipients``.

    Raises:
        PlanaSecretsError: one of them cannot be changed; see ``apply.survey``.
    """
    under = workspace.under_rules(rules)
    files = _concerned(work_tree(under), recipients, positions)
    found = survey(under, files, demand, skip="some")
    return AccessChange(tuple(sorted(positions)), rules, settings, found, under)


def _concerned(
    snapshot: Snapshot, recipients: Collection[str], positions: Collection[int]
) -> list[str]:
    named = [one.encode() for one in recipients]
    files = []
    for file, content in snapshot.contents(snapshot.secret_files):
        rules = snapshot.rule_book.rules_for(file)
        rule = rules.rule_for(file) if rules else None
        by_rule = rules and not rules.folder and rule and rule.position in positions
        if by_rule or (isinstance(content, bytes) and any(one in content for one in named)):
            files.append(file)
    return sorted(files)


def apply_access(
    change: AccessChange, tell: Callable[[], None], commit: CommitRequest | None = None
) -> WriteResult:
    """Write it all, or nothing. Called inside ``writing``; ``tell`` after each file.

    Raises:
        PlanaSecretsError: see ``rewrap.stage_recipients`` and ``write_files``.
    """
    workspace = change.workspace
    staged = list(stage_plans(workspace, change.survey.plans, tell))
    settings = read_settings(workspace)
    before = None if settings is None else digest_of(settings)
    return write_files(
        workspace,
        [
            *_stage_rules(workspace, change.rules),
            # where there were none and there is nothing to say, there are none afterwards
            *(
                [StagedFile(SETTINGS_FILE, before, change.settings)]
                if before or change.settings
                else []
            ),
            *staged,
        ],
        operation="recipients",
        commit=commit,
    )


def _stage_rules(workspace: Workspace, rules: bytes | None) -> Iterator[StagedFile]:
    if rules is not None:
        path = path_below(workspace.root, RULES_FILE)
        old = read_regular_file(path, limit=limits.RULES_FILE)
        yield StagedFile(RULES_FILE, digest_of(old), rules)


def root_rules(workspace: Workspace) -> Rules:
    """The rules at the root; some of them may be none that can be used.

    Raises:
        NoRulesError: there are none.
        FailedError: they cannot be read, or are all in folders (kind ``rules-not-editable``).
    """
    rules = workspace.rule_book.in_folder("")
    if rules is None:
        elsewhere = work_tree(workspace).rule_book.known
        if not elsewhere:
            raise workspace.no_rules(f"no {RULES_FILE} at the root")
        words = f"only the rules at the root are changed here, not those in {elsewhere[0].file}"
        raise FailedError(words, kind="rules-not-editable", file=elsewhere[0].file)
    if rules.unreadable is not None:
        words = f"{RULES_FILE} cannot be read: {rules.unreadable.message}"
        raise FailedError(words, kind="rules-not-editable", file=RULES_FILE)
    return rules


def refuse_elsewhere(workspace: Workspace, recipient: str, name: str) -> None:
    """Only the rules at the root are changed here.

    Raises:
        FailedError: a rules file in a folder names ``recipient`` (kind ``rules-not-editable``).
    """
    for other in rules_in_use(workspace):
        if other.folder and any(recipient in recipients_of(one) for one in other.creation_rules):
            words = f"{other.file} names {name}, too"
            raise FailedError(words, kind="rules-not-editable", file=other.file)


def read_settings(workspace: Workspace) -> bytes | None:
    """The text of the settings; None where there are none."""
    try:
        path = path_below(workspace.root, SETTINGS_FILE)
        return read_regular_file(path, limit=limits.SETTINGS_FILE)
    except MissingFileError:
        return None
