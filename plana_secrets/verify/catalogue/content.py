"""Checks of the content of one file: its form, its values, its metadata, its MAC."""

from __future__ import annotations

from typing import Final

from plana_secrets.sops.model import Severity
from plana_secrets.verify.check import Check, Level

_REPAIR: Final = (
    "Run `plana-secrets repair FILE`: it shows what still opens and what git last had, and you "
    "choose."
)
_REPLACE: Final = (
    "Run `plana-secrets repair FILE`, which takes the value from git or encrypts it, and replace "
    "the value where it is used: it was readable."
)

CONTENT_CHECKS: Final = (
    Check(
        "yaml",
        Severity.ERROR,
        Level.L1,
        "The file is not simple YAML (or JSON, or dotenv) that every parser reads in the same way.",
        "Several documents, anchors, tags, duplicate keys, odd characters and "
        "carriage returns can mean different things to sops and to other parsers.",
        f"{_REPAIR} Split a file with several documents. If git added the carriage returns "
        "(core.autocrlf), add `*.yaml text eol=lf` to .gitattributes and check the file out again.",
        acceptable=False,
    ),
    Check(
        "merge-conflict",
        Severity.ERROR,
        Level.L1,
        "The file has an unresolved merge conflict.",
        "git wrote its conflict markers between the ciphertexts of both sides, and nothing can "
        "read such a file.",
        "Run `plana-secrets resolve FILE`: it merges both sides value by value, in an open merge "
        "as well as after markers were committed.",
        acceptable=False,
    ),
    Check(
        "lfs-pointer",
        Severity.ERROR,
        Level.L1,
        "The file is a Git LFS pointer.",
        "The secret file itself is somewhere else, where neither verify nor Flux can see it.",
        "Fetch it with `git lfs pull`, remove `filter=lfs` for it from .gitattributes, and add "
        "it to git again.",
        acceptable=False,
    ),
    Check(
        "not-sops",
        Severity.ERROR,
        Level.L1,
        "The file has no sops metadata: it is not encrypted.",
        "Anyone who can read the repository can read the values.",
        "Encrypt it with `plana-secrets encrypt FILE`. It says whether git has the values: if so, "
        "replace them.",
        acceptable=False,
    ),
    Check(
        "not-encrypted",
        Severity.ERROR,
        Level.L1,
        "A value that must be encrypted is not.",
        "sops, and hooks that only look for a sops block, treat such a file as encrypted.",
        _REPLACE,
        acceptable=False,
    ),
    Check(
        "not-canonical",
        Severity.ERROR,
        Level.L1,
        "An encrypted value is not written exactly as sops writes it.",
        "sops ignores text after the closing bracket, so plaintext can hide behind "
        "valid ciphertext.",
        "Run `plana-secrets repair FILE`, which takes the value from git. Text that was typed "
        "behind a ciphertext was readable: replace the value where it is used.",
        acceptable=False,
    ),
    Check(
        "stray-ciphertext",
        Severity.ERROR,
        Level.L1,
        "A value is encrypted where the selector leaves values readable.",
        "sops treats it as text; services get the ciphertext instead of the value.",
        _REPAIR,
    ),
    Check(
        "ambiguous-scalar",
        Severity.ERROR,
        Level.L1,
        "A readable number or time that sops and other parsers read differently.",
        "The MAC covers what sops reads, not the text in the file.",
        "Quote it if it is text, then run `plana-secrets repair FILE`.",
    ),
    Check(
        "empty-value",
        Severity.WARNING,
        Level.L1,
        "A value is an empty string.",
        "sops neither encrypts nor authenticates it: anyone can add or remove one.",
        "Give it a value or remove it; if it is intended, accept it.",
    ),
    Check(
        "placeholder-value",
        Severity.WARNING,
        Level.L3,
        "A value is a placeholder such as changeme, TODO or <password>.",
        "It was meant to be filled in. A service that accepts it accepts a password that everyone "
        "guesses.",
        "Set the value with `plana-secrets set FILE PATH`.",
    ),
    Check(
        "null-value",
        Severity.WARNING,
        Level.L1,
        "A value is null.",
        "sops neither encrypts nor authenticates it: anyone can add or remove one.",
        "Give it a value or remove it; if it is intended, accept it.",
    ),
    Check(
        "empty-container",
        Severity.WARNING,
        Level.L1,
        "A map or a list is empty.",
        "sops neither encrypts nor authenticates it: anyone can add or remove one.",
        "Fill it or remove it; if it is intended, accept it.",
    ),
    Check(
        "plain-comment",
        Severity.ERROR,
        Level.L1,
        "A comment that must be encrypted is not.",
        "sops only warns, and people write passwords in comments.",
        "Run `plana-secrets repair FILE`, which encrypts it, or remove the comment first.",
        acceptable=False,
    ),
    Check(
        "readable-comment",
        Severity.NOTE,
        Level.L1,
        "A readable comment outside the encrypted part of the file.",
        "sops does not encrypt it; this is normal in a manifest, if it contains no value.",
        "Nothing to do, unless it contains something secret.",
    ),
    Check(
        "bad-key-name",
        Severity.ERROR,
        Level.L1,
        "The name of a key is empty, or contains a colon or a character that does not print.",
        "sops binds a value to its keys, joined by colons: such a name can mean two places.",
        "Rename the key and set its value again.",
    ),
    Check(
        "twin-keys",
        Severity.WARNING,
        Level.L1,
        "Two keys of one map look the same.",
        "They differ only in invisible characters, so you cannot see which of the "
        "two values a program reads.",
        "Remove one of them with `plana-secrets edit FILE`.",
    ),
    Check(
        "value-in-key-name",
        Severity.WARNING,
        Level.L1,
        "The name of a key contains `=`, as in `name=value`.",
        "sops encrypts values, not names: a value typed as part of the name is readable.",
        "Remove it with `plana-secrets unset FILE PATH`, set the value under its name with "
        "`plana-secrets set`, and replace it where it is used: git still has it.",
    ),
    Check(
        "metadata",
        Severity.ERROR,
        Level.L1,
        "The sops block contains something that sops does not write there.",
        "sops ignores unknown fields, so plaintext can hide there.",
        _REPAIR,
        acceptable=False,
    ),
    Check(
        "mac-only",
        Severity.ERROR,
        Level.L1,
        "The file sets mac_only_encrypted.",
        "Changes to its readable values are not detected.",
        "Run `plana-secrets repair .sops.yaml`: it removes the option from the rules, and encrypts "
        "the files that have it again. If a .sops.yaml in a folder is for the file, name that one.",
    ),
    Check(
        "key-service",
        Severity.ERROR,
        Level.L1,
        "The file has keys other than plain age recipients.",
        "Anyone who runs that key service, or has enough shares, can read the file.",
        "Use age recipients only in .sops.yaml, then run `plana-secrets repair FILE`.",
    ),
    Check(
        "stanza",
        Severity.ERROR,
        Level.L1,
        "The entry of a recipient is not an age file for exactly that recipient.",
        "sops does not check the label: a second, unnamed recipient can hide there.",
        "Find out who wrote it; `plana-secrets repair FILE` then writes the entries again.",
        acceptable=False,
    ),
    Check(
        "undecryptable",
        Severity.ERROR,
        Level.L3,
        "A value, a comment or your own recipient entry does not open with the file's data key.",
        "It was damaged, copied from another place, or given another label.",
        _REPAIR,
        acceptable=False,
    ),
    Check(
        "future-lastmodified",
        Severity.ERROR,
        Level.L1,
        "The time of the last change in the file is in the future.",
        "A rollback to an older version could go unnoticed.",
        "Set the clock of the machine that wrote it, then `plana-secrets repair FILE`.",
    ),
    Check(
        "unencrypted-suffix",
        Severity.ERROR,
        Level.L1,
        "A key of a plain map ends in _unencrypted.",
        "By default, sops does not encrypt the value of such a key.",
        "Run `plana-secrets repair FILE --all --keep`: it encrypts the value under the name "
        "without the suffix. Replace the value where it is used: it was readable.",
        acceptable=False,
    ),
    Check(
        "manifest-shape",
        Severity.ERROR,
        Level.L1,
        "A Secret manifest lacks a field, or has a readable one that is not allowed.",
        "Its content may be secret, or Kubernetes rejects the manifest.",
        "Move a secret value to data or stringData; add, correct or remove any other field.",
    ),
    Check(
        "manifest-last-applied",
        Severity.ERROR,
        Level.L1,
        "A Secret manifest has kubectl's last-applied-configuration.",
        "That annotation is a readable copy of the whole Secret.",
        "Remove the annotation, and replace every value of the Secret.",
        acceptable=False,
    ),
    Check(
        "manifest-data",
        Severity.ERROR,
        Level.L1,
        "An entry of data or stringData is not a string, or a key is in both of them.",
        "Kubernetes rejects the manifest; sops authenticates neither types nor nesting. Of a key "
        "in both, it takes the value in stringData: a warning, and an error if a keyset writes the "
        "other one.",
        "Write the value as a string. Of a key in both, remove the entry that is not meant with "
        "`plana-secrets unset FILE PATH`.",
    ),
    Check(
        "kubernetes-name",
        Severity.ERROR,
        Level.L1,
        "A Secret manifest has a name, a label or a key that Kubernetes does not accept.",
        "The API server rejects the manifest, and with it everything that Flux applies with it. A "
        "type that lacks one of several keys, or an annotation, is a warning.",
        "Rename it with `plana-secrets edit`; for a type, add the missing key, or use "
        "`type: Opaque`.",
    ),
    Check(
        "flux-not-decrypted",
        Severity.ERROR,
        Level.L1,
        "An encrypted manifest has the annotation `kustomize.toolkit.fluxcd.io/decrypt: disabled`.",
        "Flux then applies the ciphertexts. It does the same with an encrypted file that a "
        "configMapGenerator takes, and cannot read a kustomization.yaml that is encrypted, nor a "
        "YAML file to which a secretGenerator gives a key without `.yaml`.",
        "Remove the annotation with `plana-secrets edit`. Use a secretGenerator for an encrypted "
        "file, with a key of the same ending, and write a kustomization.yaml again, readable.",
    ),
    Check(
        "flux-substitution",
        Severity.WARNING,
        Level.L3,
        "A value contains `${` or `$$`, and nothing keeps Flux from replacing it.",
        "`postBuild` of a Kustomization works on decrypted values: `$$` becomes `$`, `${name}` "
        "becomes empty, and other text after `${` stops the build. An error if a build in this "
        "repository has postBuild.",
        "With `plana-secrets edit` add the annotation `kustomize.toolkit.fluxcd.io/substitute: "
        "disabled` under metadata.annotations.",
    ),
    Check(
        "data-not-base64",
        Severity.ERROR,
        Level.L3,
        "A value under data is not base64.",
        "Kubernetes rejects the manifest.",
        "Set it again with `plana-secrets set FILE PATH --encode`, or put it under stringData.",
    ),
    Check(
        "value-of-type",
        Severity.WARNING,
        Level.L3,
        "A value is not what the type of its Secret demands: .dockerconfigjson and .dockercfg "
        "have to be JSON.",
        "The API server rejects the manifest.",
        "Set it again with `plana-secrets set FILE PATH`, or use `type: Opaque`.",
    ),
    Check(
        "mac-mismatch",
        Severity.ERROR,
        Level.L3,
        "The MAC of the file does not match its values.",
        "A value was changed, removed, added or moved without sops, or git merged the file as "
        "text. Flux does not check this.",
        f"{_REPAIR} After a merge, `plana-secrets resolve FILE` merges both sides value by value.",
        acceptable=False,
    ),
)
