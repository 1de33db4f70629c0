"""Checks that compare commits: what no single version of a file shows."""

from __future__ import annotations

from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.check import Check, Level

COMMIT_CHECKS: Final = (
    Check(
        "plaintext-in-commit",
        Severity.ERROR,
        Level.L2,
        "A commit of the range contains something readable, or a reader too many, that a later "
        "commit removed.",
        "Anyone who fetches the range has that commit, too: to remove a value is not enough.",
        "Replace the value with a new one at its origin. Before the range is pushed, you can also "
        "rewrite the commit (`git rebase --interactive`).",
        acceptable=False,
    ),
    Check(
        "policy-weakened",
        Severity.ERROR,
        Level.L2,
        "The range weakens a rule in .sops.yaml, a setting by which files are verified, or the "
        "workflow that runs plana-secrets, or makes another branch or remote the deployed one.",
        "A change that relaxes what is demanded of it exempts itself. The exceptions in the range "
        "do not count for it.",
        "Move the change of the policy into a pull request of its own, and let a person review "
        "and merge it.",
        acceptable=False,
    ),
    Check(
        "commit-unsigned",
        Severity.ERROR,
        Level.L2,
        "A commit that changes secret files, rules, settings or the allowed signers has no SSH "
        "signature.",
        "[git] allowed_signers says who may change them, and without a signature anyone with "
        "access to the branch can. Signatures of gpg or X.509 do not count.",
        "Sign your commits: `git config gpg.format ssh`, `git config user.signingKey FILE` and "
        "`git config commit.gpgSign true`; then `git rebase --force-rebase --gpg-sign BASE` signs "
        "those that are there. For merges on the forge, let it sign with a key of its own.",
        acceptable=False,
    ),
    Check(
        "commit-by-stranger",
        Severity.ERROR,
        Level.L2,
        "A commit that changes secret files, rules, settings or the allowed signers is signed by a "
        "key that the allowed signers of the base do not have.",
        "Anyone can sign with a key that they just created. A key that the range itself adds does "
        "not count for it.",
        "Let a person who is allowed add the key to the file of [git] allowed_signers in a change "
        "of its own, and merge that first; or let them make this change.",
        acceptable=False,
    ),
    Check(
        "commit-key-expired",
        Severity.ERROR,
        Level.L2,
        "A commit that changes secret files, rules, settings or the allowed signers is dated "
        "outside of the time in which its key was allowed.",
        "The allowed signers of the base have valid-after or valid-before for the key.",
        "Sign it again with a key that is valid. To lock a person out, remove the line of the key: "
        "the date of a commit is what its author says.",
        acceptable=False,
    ),
    Check(
        "commit-signature-bad",
        Severity.ERROR,
        Level.L2,
        "The signature of a commit that changes secret files, rules, settings or the allowed "
        "signers does not fit the commit.",
        "The commit was changed after it was signed, or the signature was taken from another one.",
        "Find out where the commit comes from, then sign it again: `git commit --amend "
        "--gpg-sign`.",
        acceptable=False,
    ),
    Check(
        "recipient-added",
        Severity.ERROR,
        Level.L2,
        "The range encrypts files for a recipient that had no access before.",
        "Anyone who can write can add a recipient; from then on, they can read the values.",
        "If this is meant, first name the key in a change of its own, with `plana-secrets "
        "recipients add NAME KEY` and no rule; after that it is a warning. Otherwise remove it, "
        "and replace the values.",
    ),
    Check(
        "recipient-removed",
        Severity.WARNING,
        Level.L2,
        "The range takes a recipient away from a file.",
        "They can still read every older version, and also the newest if its data key is the same.",
        "Rotate the data key with `plana-secrets recipients apply`, and replace the values that "
        "the recipient could read.",
    ),
    Check(
        "changed-without-sops",
        Severity.ERROR,
        Level.L2,
        "A file has other contents or another lastmodified than before, but the same MAC.",
        "sops writes a new MAC with each change, so an editor, a script or a merge wrote this. "
        "Flux applies it without looking at the MAC.",
        "`git restore --source COMMIT --staged --worktree FILE` takes back what it was: COMMIT is "
        "HEAD, or where the range begins. Then make the change with `plana-secrets edit FILE`.",
    ),
    Check(
        "moved-value",
        Severity.ERROR,
        Level.L2,
        "A ciphertext is at another path than before, or in another file.",
        "sops binds a ciphertext to its path and to the data key of its file: it was moved or "
        "swapped by hand, and cannot be decrypted there. Between files that share a data key, "
        "since one was once a copy of the other, it is a warning.",
        "`plana-secrets repair FILE` brings the file back; then make the change with "
        "`plana-secrets edit FILE`.",
    ),
    Check(
        "reshaped-value",
        Severity.ERROR,
        Level.L2,
        "A ciphertext has another type than before, or is in a list now, or in none.",
        "sops authenticates neither the type nor the nesting of lists: what reads the value gets "
        "something else. With a new MAC another nesting is a warning: sops itself may have "
        "written it.",
        "Take the file back as for changed-without-sops, or set the value again with "
        "`plana-secrets set FILE PATH --type TYPE`, of the type that it had.",
    ),
    Check(
        "rolled-back",
        Severity.ERROR,
        Level.L2,
        "A ciphertext of an older commit is back, or a file is older than before.",
        "A value that was replaced, perhaps since it had leaked, is in use again.",
        "Set the value again with `plana-secrets set FILE PATH`; to return to an old value on "
        "purpose, set that.",
    ),
    Check(
        "merge-dropped",
        Severity.WARNING,
        Level.L2,
        "A merge has a file or a value as it was before, although one side changed it, and the "
        "other did not.",
        "`git merge -X ours`, `-s ours` and `git checkout --ours FILE` take one side as a whole. "
        "The result is a valid file, so the change is lost without a word.",
        "`plana-secrets get FILE PATH --at COMMIT` prints what the side has that the message "
        "names: set it again, or accept the finding if it was meant.",
    ),
    Check(
        "null-changed",
        Severity.WARNING,
        Level.L2,
        "A null or an empty list or map appeared or disappeared.",
        "The MAC does not cover them, so anyone can add or remove one.",
        "Check that this is meant.",
    ),
)
