"""What Flux leaves undone or changes in a Secret manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plana_secrets.document.kinds import FileKind
from plana_secrets.document.manifest import DECRYPT, DISABLED, SUBSTITUTE
from plana_secrets.paths import LeafPath
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.subject import Subject

VARIABLES: Final = "flux-substitution"
_SUBSTITUTED: Final = (b"${", b"$$")
"""What starts or escapes a variable in a build of Flux.

Source: github.com/fluxcd/pkg/envsubst v1.7, parse/scan.go.
"""


def readable_texts(subject: Subject) -> dict[LeafPath, str]:
    """What a file says that is not encrypted."""
    return {
        leaf.path: leaf.plain.reveal().decode("utf-8", "replace")
        for leaf in subject.structure.leaves()
        if leaf.plain is not None
    }


def check_decrypt_disabled(subject: Subject) -> Iterator[Finding]:
    """Flux applies such a file as it is, with the ciphertexts."""
    if subject.kind is not FileKind.SECRET_MANIFEST:
        return
    path = ("metadata", "annotations", DECRYPT)
    if readable_texts(subject).get(path, "").lower() == DISABLED:
        yield subject.found("flux-not-decrypted", "Flux does not decrypt this file", path=path)


def check_substitution(subject: Subject) -> Iterator[Finding]:
    """With the identity: text in which ``postBuild`` would find a variable.

    ``data`` is base64 and has none.
    """
    if subject.kind is not FileKind.SECRET_MANIFEST or subject.document is None:
        return
    plain = readable_texts(subject)
    for place in ("annotations", "labels"):
        if plain.get(("metadata", place, SUBSTITUTE)) == DISABLED:
            return
    for leaf, value in subject.document.entries():
        is_text = leaf.path[0] == "stringData"
        if is_text and any(sign in value.reveal() for sign in _SUBSTITUTED):
            words = "contains ${ or $$, which Flux replaces if the build has postBuild"
            yield subject.found(VARIABLES, words, path=leaf.path, line=leaf.line)
