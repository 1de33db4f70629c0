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
        "Without a rule, its recipients are not defined and cannot be checked.",
        "Add a creation rule whose path_regex matches the file, or move the file.",
    ),
    Check(
        "recipients-differ",
        Severity.ERROR,
        Level.L1,
        "The file is encrypted for different recipients than its creation rule.",
        "Someone can read it who should not, or someone who needs it is locked out. "
        "sops does not compare them by itself.",
        "Run `plana-secrets recipients apply FILE`, or fix the rule if the file is right.",
    ),
    Check(
        "former-reader",
        Severity.WARNING,
        Level.L1,
        "A person who is no longer a recipient can open the file with an older version of it.",
        "The recipients were changed and the data key was kept, as `sops updatekeys` does. The "
        "older version in git is encrypted for them, and has the same data key. It is an error "
        "when values were written since.",
        "Run `plana-secrets recipients apply FILE`: it creates a new data key. Replace the values "
        "that were written since.",
    ),
    Check(
        "former-readers-unknown",
        Severity.WARNING,
        Level.L1,
        "This clone does not have the history in which former readers are found.",
        "A former reader may be able to open files with an older version of them.",
        "Run `git fetch --unshallow`; in CI, check out with `fetch-depth: 0` and without a filter.",
    ),
    Check(
        "too-few-recipients",
        Severity.ERROR,
        Level.L1,
        "A file or a creation rule has fewer recipients than policy.min_recipients requires.",
        "With a single recipient, losing the identity means losing the file.",
        "Add a recovery recipient to the creation rule and update the file's recipients.",
    ),
    Check(
        "required-recipient",
        Severity.ERROR,
        Level.L1,
        "A file or a creation rule lacks a recipient in policy.required.",
        "The cluster or the recovery identity would fail on the day it is needed.",
        "Add the recipient to the creation rule and update the file's recipients.",
    ),
    Check(
        "unnamed-recipient",
        Severity.ERROR,
        Level.L1,
        "A creation rule has a recipient without a name in [recipients], and policy.named is set.",
        "A recipient without a name can be anyone, and no one notices one more of them.",
        "Add a [recipients.NAME] table for it, or remove it from the rule and update the "
        "recipients of its files.",
    ),
    Check(
        "classic-recipient",
        Severity.WARNING,
        Level.L1,
        "A file has a recipient that is not post-quantum, and policy.post_quantum is set.",
        "Anyone who copies the file today can open it once a quantum computer breaks that one "
        "key; the post-quantum recipients beside it do not help.",
        "Each of them creates a key with `plana-secrets recipients request NAME --post-quantum`; "
        "replace all of them in one change with `plana-secrets recipients replace OLD NEW`.",
    ),
    Check(
        "demo-recipient",
        Severity.ERROR,
        Level.L1,
        "The file is encrypted for a demo recipient whose private key is public.",
        "Anyone can read it.",
        "Remove the recipient from .sops.yaml, update the recipients, rotate the data key, "
        "and replace every value in the file. For an example that is meant to be public, "
        'add the recipient to [recipients] with kind = "demo".',
        acceptable=False,
    ),
    Check(
        "selector-not-allowed",
        Severity.ERROR,
        Level.L1,
        "The file's selector is not allowed.",
        "With a selector that does not cover future keys, sops writes the next value unencrypted.",
        "Use no selector for a plain map, ^(data|stringData)$ for a Secret manifest, or list "
        "the expression in policy.selectors; for another option than encrypted_regex write "
        "`OPTION=VALUE` there.",
        acceptable=False,
    ),
    Check(
        "selector-differs",
        Severity.ERROR,
        Level.L1,
        "The file's selector differs from its creation rule.",
        "sops keeps using the one in the file: the next value may be written unencrypted.",
        "Run `plana-secrets repair FILE`, which encrypts it again by its rule.",
        acceptable=False,
    ),
    Check(
        "keyset-schema",
        Severity.ERROR,
        Level.L1,
        "A keyset file does not match the keyset schema exactly.",
        "sops does not authenticate the names of readable keys, so only a strict "
        "schema makes a keyset file trustworthy.",
        "Restore the file from git; keyset files are written by `rotate` only.",
    ),
    Check(
        "keyset-name",
        Severity.ERROR,
        Level.L1,
        "A keyset file is not at the path given by its name.",
        "Two files could claim to be the same keyset.",
        "Move the file back.",
    ),
    Check(
        "keyset-unknown",
        Severity.WARNING,
        Level.L1,
        "A keyset file without a [keysets] table.",
        "It is never rotated, and nothing shows who reads it.",
        "Add the table, or remove the file.",
    ),
    Check(
        "target-differs",
        Severity.ERROR,
        Level.L3,
        "A target does not match its keyset.",
        "A value was changed by hand, or a move was partly undone: callers and "
        "verifiers no longer agree.",
        "Write the targets again with `plana-secrets rotate init NAME --replace`; if a file is "
        "broken, run `plana-secrets repair FILE` first.",
    ),
    Check(
        "target-foreign",
        Severity.NOTE,
        Level.L3,
        "An accepted list has entries without a keyset.",
        "They are kept, but never rotated.",
        "Create a keyset for each caller, or remove the entries with `plana-secrets edit`.",
    ),
    Check(
        "destroyed-value",
        Severity.ERROR,
        Level.L3,
        "A destroyed key value is back.",
        "A revert or a restored file brought it back: anyone who has the old value "
        "has access again.",
        "Restore the keyset file and its targets to their latest state in git, and rotate.",
        acceptable=False,
    ),
    Check(
        "destroyed-copy",
        Severity.ERROR,
        Level.L3,
        "A value that a rotation destroyed is still in a secret file.",
        "The key was destroyed so that no one has it: what reads the copy is locked out, "
        "or a service still accepts it.",
        "Move what reads it to the keyset, then remove the value with `plana-secrets unset FILE "
        "PATH`.",
    ),
    Check(
        "key-copied",
        Severity.WARNING,
        Level.L3,
        "The value of a keyset is at a place that is not one of its targets.",
        "No rotation updates a copy: what reads it is locked out when the key is retired.",
        "Make the place a target in plana-secrets.toml, or move what reads it to the keyset and "
        "remove the value with `plana-secrets unset FILE PATH`.",
    ),
    Check(
        "target-immutable",
        Severity.ERROR,
        Level.L1,
        "A target of a keyset is in a Secret with `immutable: true`.",
        "Kubernetes refuses every change of it: no move of the rotation reaches a service.",
        "Remove `immutable` with `plana-secrets edit`; in the cluster the Secret has to be deleted "
        "once, so that Flux can create it again.",
    ),
    Check(
        "reader-removed",
        Severity.ERROR,
        Level.L3,
        "A former target of a keyset still has one of its keys.",
        "It is no longer updated: services that read it are locked out when the key is retired.",
        "Remove the value with `plana-secrets unset FILE PATH`, or add the target to the settings "
        "again.",
    ),
    Check(
        "since-in-future",
        Severity.ERROR,
        Level.L1,
        "A move of a keyset is dated in the future.",
        "A machine's clock was wrong; no further move is possible until then.",
        "If this machine's clock is wrong, set it; otherwise run `plana-secrets "
        "rotate redate NAME`.",
    ),
    Check(
        "history-incomplete",
        Severity.NOTE,
        Level.L3,
        "This clone does not have the full history of a keyset.",
        "It cannot detect the return of a value that was destroyed earlier. With "
        "`--level L3` the run is incomplete.",
        "Run `git fetch --unshallow`; in CI, check out with `fetch-depth: 0` and without a filter.",
        acceptable=False,
    ),
    Check(
        "rotation-overdue",
        Severity.WARNING,
        Level.L1,
        "The active key of a keyset is older than its max_age.",
        "The longer a key stays in use, the riskier it becomes to replace.",
        "Run `plana-secrets rotate run NAME`. Over 125 % of max_age, this is an error.",
    ),
    Check(
        "rotation-unreadable",
        Severity.ERROR,
        Level.L3,
        "The state of a keyset cannot be determined.",
        "Its age and targets could not be checked.",
        "Fix the findings in the keyset's files first; restore a missing file from git.",
    ),
    Check(
        "keyset-breaks-flux",
        Severity.ERROR,
        Level.L1,
        "Keyset files are in a folder that Flux builds without a kustomization.yaml.",
        "Flux then treats every YAML file there as a manifest; one that is not stops "
        "the whole build.",
        "Move the keysets to another folder, or add a kustomization.yaml that lists the manifests.",
    ),
    Check(
        "flux-not-a-manifest",
        Severity.ERROR,
        Level.L1,
        "Flux builds a folder with a file that is not a Kubernetes manifest.",
        "Without a kustomization.yaml Flux treats every YAML file below the path of a "
        "Kustomization as a manifest, and with one every file that it lists. One that is not stops "
        "the whole build, and so does a file or a folder that is named and not there.",
        "Move the file to another folder, or add a kustomization.yaml that lists the manifests; a "
        "`.sourceignore` excludes files for Flux. Correct the name of what is not there.",
    ),
    Check(
        "flux-duplicate",
        Severity.ERROR,
        Level.L1,
        "Two manifests that Flux builds together are of one kind, namespace and name.",
        "kustomize stops the whole build. It is a warning where the files may come from another "
        "source, as all that is found of a build of an OCIRepository or a Bucket.",
        "Remove one of them, rename it, or add a kustomization.yaml that lists only one.",
    ),
    Check(
        "flux-no-decryption",
        Severity.ERROR,
        Level.L1,
        "A Flux Kustomization builds encrypted files and has no spec.decryption.",
        "Flux then tries to apply the ciphertexts, and the build fails.",
        "Add `decryption: {provider: sops, secretRef: {name: sops-age}}` under spec; for a "
        "FluxInstance, by a patch in spec.kustomize.patches.",
    ),
    Check(
        "mirror-recipient",
        Severity.ERROR,
        Level.L1,
        "The local mirror is encrypted for a recipient that is not in [recipients].",
        "The mirror contains every value, including those of files that this "
        "recipient cannot read.",
        "Add the recipient to [recipients], or remove it from "
        "mirror.local.recipients. If [recipients] is empty, the recipients of the "
        "creation rules are used.",
        acceptable=False,
    ),
    Check(
        "allowed-signers",
        Severity.ERROR,
        Level.L1,
        "The file of [git] allowed_signers is missing, or has a line that ssh-keygen skips.",
        "Who has no valid line in it cannot change secret files, rules or settings.",
        "Write one line for each key: `alice@example.com ssh-ed25519 AAAA...`, as in ALLOWED "
        "SIGNERS of ssh-keygen(1).",
        acceptable=False,
    ),
    Check(
        "mirror-drift",
        Severity.ERROR,
        Level.L4,
        "The mirror does not match the files.",
        "Staff may see an outdated value, or a value edited in the mirror exists only there.",
        "Run `plana-secrets mirror diff`, then `plana-secrets mirror sync`; keep "
        "values edited in the mirror with `plana-secrets mirror adopt`.",
    ),
    Check(
        "accept-invalid",
        Severity.ERROR,
        Level.L1,
        "A [[verify.accept]] has an unknown check, or one whose findings cannot be accepted.",
        "It has no effect.",
        "Fix or remove it.",
        acceptable=False,
    ),
    Check(
        "accept-expired",
        Severity.WARNING,
        Level.L1,
        "A [[verify.accept]] has expired.",
        "Its finding counts again.",
        "Fix the finding, or review the exception and set a new date.",
        acceptable=False,
    ),
    Check(
        "accept-unused",
        Severity.WARNING,
        Level.L1,
        "A [[verify.accept]] no longer matches a finding.",
        "It would hide the next finding at the same place.",
        "Remove it.",
        acceptable=False,
    ),
)
