"""``init`` where there is no secret file and no rule yet: say it, then do it.

The order of the steps lets a run that was stopped be repeated: an identity is kept before
anything names it, and the settings, which name the recovery recipient, come before the rules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets.age.recipients import is_post_quantum, parse_recipient
from plana_secrets.cli.context import Context
from plana_secrets.cli.newidentities import PlannedIdentity, kept_in, plan_own, plan_recovery
from plana_secrets.cli.secretfile import warn_of_ignored
from plana_secrets.errors import UsageError
from plana_secrets.git.author import has_author, read_author
from plana_secrets.recipients.people import is_name
from plana_secrets.scaffold.repository import (
    PlannedFile,
    Survey,
    new_repository_id,
    plan_config,
    plan_rules,
)
from plana_secrets.secretfiles.snapshot import rules_in_use
from plana_secrets.secretfiles.workspace import NO_RULES

_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_RECOVERY: Final = "recovery"
_PLAIN_FOLDER: Final = re.compile(r"\w[\w./-]*")


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of ``init``."""

    recipients: tuple[str, ...]
    recovery: str | None
    recovery_out: Path | None
    single: bool
    identity_out: Path | None
    name: str | None
    yes: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    identities: tuple[PlannedIdentity, ...]
    recipients: tuple[str, ...]
    files: tuple[PlannedFile, ...]
    founder: str | None


def init_new(context: Context, found: Survey, wishes: Wishes) -> None:
    """Create what is missing: an identity, a recovery identity, the settings and the rules.

    Raises:
        NoRulesError: the rules are there, under a name that sops ignores (``rules-ignored``).
    """
    missing = context.workspace.no_rules(NO_RULES)
    if missing.kind == "rules-ignored" and not found.has_rules:
        raise missing
    plan = _plan(context, found, wishes)
    for planned in plan.identities:
        context.output.talk(planned.words)
    for file in plan.files:
        context.output.talk(f"write {file.name}")
    warn_of_ignored(context, *(file.name for file in plan.files))
    if wishes.dry_run:
        _show_files(context, plan)
    else:
        _apply(context, plan)
    if context.json:
        names = [file.name for file in plan.files]
        report = {"files": names, "recipients": list(plan.recipients), "used": False}
        more = {"name": plan.founder, "written": not wishes.dry_run}
        context.output.json_object("init", {**report, **more})
    elif not wishes.dry_run:
        _say_next(context, plan)


def check_used(context: Context, found: Survey, wishes: Wishes) -> None:
    """In a repository with rules, an option that asks for what is not so is refused, not ignored.

    Raises:
        UsageError: a recipient is not in every rule (kind ``rules-exist``), or an identity or a
            name is asked for (kinds ``identity-not-created``, ``not-named``).
    """
    _refuse_name(wishes)
    asked = [parse_recipient(one).text for one in wishes.recipients]
    if wishes.recovery:
        asked.append(parse_recipient(wishes.recovery).text)
    if wishes.recovery_out:
        kept = kept_in(wishes.recovery_out)
        if not kept:
            raise _rules_exist("no recovery identity is created")
        asked.append(kept[0].recipient.text)
    every = rules_in_use(context.workspace) if asked and found.has_rules else ()
    rules = [rule for one in every for rule in one.creation_rules]
    present = [{parse_recipient(one).text for one in rule.recipients} for rule in rules]
    for one in asked:
        if not present or any(one not in recipients for recipients in present):
            raise _rules_exist(f"{one} is not added", one)
    out = wishes.identity_out
    if out and not kept_in(out):
        raise UsageError(
            "this repository is set up already; no identity is created",
            kind="identity-not-created",
            file=str(out),
        )
    if out or len(context.find_identities()):
        return
    context.output.talk(
        "you have no age identity yet; `plana-secrets recipients request NAME` creates one, and "
        "prints what to send to a reader"
    )


def _refuse_name(wishes: Wishes) -> None:
    if wishes.name is not None:
        raise UsageError(
            "this repository has settings or rules already; no one is named in them",
            kind="not-named",
            name=wishes.name,
        )


def _rules_exist(what: str, recipient: str | None = None) -> UsageError:
    words = f"this repository has rules or secret files already; {what}"
    return UsageError(words, kind="rules-exist", recipient=recipient)


def _plan(context: Context, found: Survey, wishes: Wishes) -> _Plan:
    further = [parse_recipient(one).text for one in wishes.recipients]
    if found.has_config:
        _refuse_name(wishes)
    named = _named_in_settings(context) if found.has_config else ()
    founder = None if found.has_config else _founder(context, wishes.name)
    own = plan_own(context, wishes.identity_out)
    recovery = None
    if not found.has_config or wishes.recovery or wishes.recovery_out:
        recovery = plan_recovery(
            context,
            wishes.recovery,
            wishes.recovery_out,
            single=wishes.single,
            hybrid=is_post_quantum(own.recipient),
        )
    if recovery is not None:
        _check_recovery(recovery, own, named if found.has_config else None)
    identities = (own, recovery) if recovery else (own,)
    every = [own.recipient, *further, *(one.recipient for one in identities[1:]), *named]
    recipients = tuple(dict.fromkeys(every))
    settings = context.settings.files
    if not all(map(_PLAIN_FOLDER.fullmatch, (*settings.roots, settings.keysets))):
        raise UsageError("files.roots are no plain folders", kind="rules-by-hand")
    rules = plan_rules(recipients, settings.roots, settings.keysets)
    kept = recovery.recipient if recovery else None
    config = plan_config(recipients, kept, new_repository_id(), founder)
    files = (rules,) if found.has_config else (config, rules)
    return _Plan(identities, recipients, files, founder)


def _founder(context: Context, wanted: str | None) -> str | None:
    """The name that the settings are to have for us.

    Raises:
        UsageError: it cannot be one, or is that of the recovery identity (kind
            ``bad-recipient-name``).
    """
    if wanted is not None:
        if not is_name(wanted) or wanted == _RECOVERY:
            raise UsageError(f"not a name for a recipient: {wanted}", kind="bad-recipient-name")
        return wanted
    author = read_author(context.repository.command)
    if author is None:
        return None
    # the email that GitHub hides begins with a number
    local = author.email.partition("@")[0].rpartition("+")[2]
    name = _NO_NAME.sub("-", local).strip("-")
    return name if is_name(name) and name != _RECOVERY else None


def _named_in_settings(context: Context) -> tuple[str, ...]:
    """Whom the settings want to read every file: those that are required, and for recovery."""
    policy = context.settings.policy
    return tuple(
        one.key
        for name, one in policy.recipients.items()
        if name in policy.required or one.kind == "recovery"
    )


def _check_recovery(
    recovery: PlannedIdentity, own: PlannedIdentity, named: Sequence[str] | None
) -> None:
    places = [os.path.realpath(one.file) for one in (own, recovery) if one.file]
    if len(places) > len(set(places)) or recovery.recipient == own.recipient:
        raise UsageError("the recovery identity is your own identity", kind="recovery-is-own")
    if named is not None and recovery.recipient not in named:
        raise UsageError(
            f"plana-secrets.toml does not name {recovery.recipient} as the recovery recipient",
            kind="other-recovery",
        )


def _show_files(context: Context, plan: _Plan) -> None:
    if not context.json:
        for file in plan.files:
            context.output.data(file.as_diff())


def _apply(context: Context, plan: _Plan) -> None:
    from plana_secrets.storage import replace_file

    for planned in plan.identities:
        planned.create(context)
    for file in plan.files:
        replace_file(context.repository.root / file.name, file.content.encode())


def _say_next(context: Context, plan: _Plan) -> None:
    tell_scanners(context)
    for planned in plan.identities:
        if planned.advice:
            context.output.talk(planned.advice)
    if not has_author(context.repository.command):
        context.output.talk(
            "git needs your name to commit: git config --global user.name NAME; "
            "git config --global user.email EMAIL"
        )
    if plan.founder is None and len(plan.files) > 1:
        context.output.talk(
            f"name yourself: `plana-secrets recipients add NAME {plan.recipients[0]}`"
        )
    example = f"{context.settings.files.roots[0]}/dev/example.yaml"
    context.output.talk(
        f"next:\n  plana-secrets new {example}\n"
        f"  plana-secrets set {example} db.password --generate b64:32"
    )


def tell_scanners(context: Context) -> None:
    context.output.talk(
        "if you use a secret scanner (gitleaks, betterleaks, trufflehog), `plana-secrets init "
        "--scanners` prints what to add to its configuration"
    )


def show_allow_lists(context: Context) -> None:
    """What to tell secret scanners about the files of this repository, by its settings."""
    from plana_secrets.scaffold.scanners import allow_lists

    lists = allow_lists(context.settings.files.roots)
    if context.json:
        found = [{"where": one.where, "text": one.text} for one in lists]
        facts = {"files": [], "used": True, "written": False, "scanners": found}
        context.output.json_object("init", facts)
        return
    context.output.data("\n\n".join(f"# {one.where}\n{one.text.rstrip()}" for one in lists))


ADVICE: Final = {
    "rules-by-hand": "write .sops.yaml by hand, with a rule for each kind of file",
    "identity-not-created": (
        "`plana-secrets recipients request NAME --output {file}` creates one, and prints what to "
        "send to a reader"
    ),
    "not-named": "`plana-secrets recipients add {name} KEY` names a key that is in the rules",
    "rules-exist": (
        "`plana-secrets recipients add NAME {recipient} --rule all` adds a reader to the rules "
        "and the files"
    ),
    "recovery-is-own": "choose another file or recipient: a recovery identity is kept offline",
    "other-recovery": "omit the option: the recipients in plana-secrets.toml are used",
}
