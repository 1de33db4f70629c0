"""Checks of what the rules and the configuration demand of a file."""

from __future__ import annotations

from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.check import Check, Level

POLICY_CHECKS: Final = (
    Check(
        "no-rule",
        Severity.ERROR,
        Level.L1,
        "No creation rule in .sops.yaml covers this file.",
        "Nothing says for whom the file is to be encrypted, so nobody can tell whether it is.",
        "Add a creation rule whose path_regex matches the file, or move the file.",
    ),
    Check(
        "recipients-differ",
        Severity.ERROR,
        Level.L1,
        "The file is encrypted to other recipients than its creation rule names.",
        "Somebody who should not can read it, or somebody who must is locked out. "
        "sops itself never compares the two unasked.",
        "Decide which of the two is right: update the file's recipients from the rule, "
        "or fix the rule.",
    ),
    Check(
        "too-few-recipients",
        Severity.ERROR,
        Level.L1,
        "The file has fewer recipients than policy.min_recipients demands.",
        "With a single recipient a lost identity is a lost file.",
        "Add a recovery recipient to the creation rule and update the file's recipients.",
    ),
    Check(
        "required-recipient",
        Severity.ERROR,
        Level.L1,
        "A recipient that policy.required names cannot read the file.",
        "The cluster or the recovery key would find out on the day it is needed.",
        "Add the recipient to the creation rule and update the file's recipients.",
    ),
    Check(
        "demo-recipient",
        Severity.ERROR,
        Level.L1,
        "The file is encrypted to a demo recipient whose private key is public.",
        "Everybody in the world can read it.",
        "Remove the recipient from .sops.yaml, update the recipients, rotate the data key, "
        "and replace every value in the file. For an example that is meant to be public, "
        'name the recipient in [recipients] with kind = "demo".',
        acceptable=False,
    ),
    Check(
        "selector-not-allowed",
        Severity.ERROR,
        Level.L1,
        "The file's metadata selects what is encrypted in a way that is not allowed.",
        "A selector that covers today's keys and not tomorrow's lets sops write the next "
        "value in plain.",
        "Use no selector for a plain map, ^(data|stringData)$ for a Secret manifest, or list "
        "the expression in policy.selectors.",
        acceptable=False,
    ),
    Check(
        "selector-differs",
        Severity.ERROR,
        Level.L1,
        "The file's metadata has another selector than its creation rule.",
        "sops goes on using the one in the file: the next value may be written in plain.",
        "Decrypt the file and encrypt it again by its rule.",
        acceptable=False,
    ),
    Check(
        "keyset-schema",
        Severity.ERROR,
        Level.L1,
        "A keyset file is not exactly of the keyset schema.",
        "sops does not authenticate the names of readable keys, so only a closed and ordered "
        "schema makes a keyset file trustworthy.",
        "Restore the file from git; keyset files are written by `rotate` only.",
    ),
    Check(
        "keyset-name",
        Severity.ERROR,
        Level.L1,
        "A keyset file does not lie where its name says.",
        "Two files could claim to be the same keyset.",
        "Move the file back.",
    ),
    Check(
        "keyset-unknown",
        Severity.WARNING,
        Level.L1,
        "A keyset file that no [keysets] table belongs to.",
        "Nobody rotates it, and nothing says who reads it.",
        "Add the table, or remove the file.",
    ),
    Check(
        "target-differs",
        Severity.ERROR,
        Level.L3,
        "What a service reads is not what its keyset renders.",
        "Somebody changed a rendered value by hand, or a move was undone halfway: callers and "
        "verifiers no longer agree.",
        "Let `rotate run` write the targets again; change keys only through `rotate`.",
    ),
    Check(
        "target-foreign",
        Severity.NOTE,
        Level.L3,
        "An accepted list holds entries that no keyset owns.",
        "They are kept as they are, and nobody rotates them.",
        "Give each caller a keyset, or remove the entries with `plana-secrets edit`.",
    ),
    Check(
        "destroyed-value",
        Severity.ERROR,
        Level.L3,
        "A key has a value that a rotation destroyed.",
        "A revert or a restored file brought it back: whoever learned it once is let in again.",
        "Restore the keyset file and its targets to their latest state in git, and rotate.",
        acceptable=False,
    ),
    Check(
        "reader-removed",
        Severity.ERROR,
        Level.L3,
        "A place that was a target of a keyset still holds a key of it.",
        "No move changes it any more: whatever reads it is locked out when its key is retired.",
        "Remove the value with `plana-secrets unset`, or put the place back into the settings.",
    ),
    Check(
        "since-in-future",
        Severity.ERROR,
        Level.L1,
        "A move of a keyset is dated later than now.",
        "The clock of a machine was wrong; every further move waits until then.",
        "Set the clock of this machine if it is wrong, else `plana-secrets rotate redate NAME`.",
    ),
    Check(
        "history-incomplete",
        Severity.NOTE,
        Level.L3,
        "This clone does not have the whole history of a keyset.",
        "A value that was destroyed before the history begins may be back unseen. With "
        "`--level L3` the run is incomplete.",
        "`git fetch --unshallow`; in CI check out with `fetch-depth: 0` and without a filter.",
        acceptable=False,
    ),
    Check(
        "rotation-overdue",
        Severity.WARNING,
        Level.L1,
        "The active key of a keyset is older than its max_age.",
        "A key that is never replaced can no longer be replaced without fear.",
        "Run `rotate run` for the keyset. Past 125 % of max_age this is an error.",
    ),
    Check(
        "rotation-unreadable",
        Severity.ERROR,
        Level.L3,
        "The state of a keyset cannot be worked out.",
        "Neither its age nor its targets could be judged.",
        "Fix the findings in the keyset's files first; restore a file that is gone from git.",
    ),
    Check(
        "keyset-breaks-flux",
        Severity.ERROR,
        Level.L1,
        "Keyset files lie where Flux builds manifests without a kustomization.yaml.",
        "Flux then takes every YAML file there for a manifest; one that is none stops the "
        "whole build.",
        "Move the keysets out of the built folder, or add a kustomization.yaml that lists "
        "the manifests.",
    ),
    Check(
        "mirror-recipient",
        Severity.ERROR,
        Level.L1,
        "The local mirror is encrypted to someone who is not in [recipients].",
        "The mirror holds every value, also of files that this person cannot read.",
        "Add the person to [recipients], or take the recipient out of mirror.local.recipients. "
        "Where [recipients] is empty, those of the creation rules count.",
        acceptable=False,
    ),
    Check(
        "mirror-drift",
        Severity.ERROR,
        Level.L4,
        "The mirror does not show what the files say.",
        "Staff read a value there that no service accepts, or one that was changed by hand "
        "exists nowhere else.",
        "Run `mirror diff`, then `mirror sync`; take over hand edits with `mirror adopt`.",
    ),
    Check(
        "accept-invalid",
        Severity.ERROR,
        Level.L1,
        "A [[verify.accept]] names no check, or one whose findings cannot be accepted.",
        "It looks like a decision and has no effect.",
        "Correct or remove it.",
        acceptable=False,
    ),
    Check(
        "accept-expired",
        Severity.WARNING,
        Level.L1,
        "A [[verify.accept]] has ended.",
        "Its finding counts again.",
        "Fix the finding, or decide anew and move the date.",
        acceptable=False,
    ),
    Check(
        "accept-unused",
        Severity.WARNING,
        Level.L1,
        "A [[verify.accept]] matches no finding any more.",
        "It would hide the next one at the same place.",
        "Remove it.",
        acceptable=False,
    ),
)
