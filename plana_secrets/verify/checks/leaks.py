"""Values in plaintext in files that no one said were secret: manifests, private keys, dotenv.

Here a template is no leak: a value that is filled in later, by Flux, Helm or a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from plana_secrets import limits
from plana_secrets.document.kinds import ENTRIES
from plana_secrets.errors import MalformedError
from plana_secrets.secretfiles.discovery import is_template, text_of
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.patches import Patches, written_values
from plana_secrets.verify.plainyaml import Map, Node, Text, TooMuchYamlError, read_documents, walk

KEY_MARKS: Final = ("PRIVATE KEY", "LS0tLS1CRUdJTi")
"""What is in every private key; the second begins one in base64, as in a kubeconfig."""
MARKS: Final = ("Secret", *KEY_MARKS)
"""What is in every file that a byte scan has to find here, beside dotenv files."""

_MANIFEST: Final = re.compile(
    r"(?i).*\.(?:ya?ml|json)(?:[~#]|[._-](?:bak|old|orig|save|tmp|dec|decrypted|plain|\d+))*"
)
"""The names of manifests, and of copies that editors and people leave beside them."""
_SECRET_KINDS: Final = frozenset({"Secret", "SecretList"})
_DOCUMENT: Final = re.compile(rb"(?m)^---[ \t]*\r?$")
_COMMENT: Final = re.compile(rb"(?m)^[ \t]*#[^\n]*")
_SECRET_LINE: Final = re.compile(
    rb"""(?m)["']?\bkind["']?[ \t]*:[ \t]*["']?Secret(?:List)?["']?[ \t]*(?:[,}]|\r?$)"""
)
_FILLED_IN_LATER: Final = re.compile(r"(?s)\$\{[A-Za-z_]\w*\}|\{\{.*?\}\}|^\s*<[\w.:/#@ -]+>\s*$")
_KEY: Final = re.compile(
    rb"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP )?PRIVATE KEY(?: BLOCK)?-----"
    rb"[\"\']?[ \t]*(?:\r?\n|\\n)(?:(?:(?:Comment|Version): [^\r\n]*)?\r?\n)*"
    rb"[ \t]*[A-Za-z0-9+/=]{40}"
)
_KEY_IN_BASE64: Final = re.compile(
    rb"LS0tLS1CRUdJTi(?:BSU0EgUFJJVkFURSBLRVkt|BQUklWQVRFIEtFWS0|BFQyBQUklWQVRFIEtFWS0|"
    rb"BPUEVOU1NIIFBSSVZBVEUgS0VZ)[A-Za-z0-9+/=\s]{40}"
)
_DOTENV: Final = re.compile(r"(?:^|.*[./])(\.env(?:\.[^./]+)*|[^/]+\.env)$")
_ASSIGNMENT: Final = re.compile(
    rb"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(\S[^\r\n]*)"
)
_NO_VALUE: Final = re.compile(rb"""^(?:["']{2}|["']?\$\{?\w+\}?["']?|["']?<[^>]*>["']?|#.*)$""")
_TELLING: Final = re.compile(
    rb"(?i)pass|pwd|secret|token|credential|private|api_?key|_key$|^key$|auth|dsn|salt"
)


def check_leaks(file: str, content: bytes) -> Iterator[Finding]:
    """What is wrong with a file beside the roots that is not encrypted."""
    text = text_of(content)
    if _MANIFEST.fullmatch(file):
        yield from _check_manifest(file, text)
    if at := find_key(text):
        yield _warning("plaintext-key", "contains a private key", file, at)
    elif line := _dotenv_line(file, text):
        yield _warning("plaintext-dotenv", "contains a value", file, line)


def find_key(content: bytes) -> int | None:
    """The line on which a private key begins that is not encrypted, or None."""
    match = _KEY.search(content) or _KEY_IN_BASE64.search(content)
    return match and content.count(b"\n", 0, match.end() - 40) + 1


def _check_manifest(file: str, content: bytes) -> Iterator[Finding]:
    try:
        line = find_manifest(content)
    except TooMuchYamlError:
        if match := _SECRET_LINE.search(content):
            words = "too large to be read, and may contain an unencrypted Secret"
            yield _warning("too-large", words, file, content.count(b"\n", 0, match.start()) + 1)
        return
    if line:
        yield found("plaintext-secret", "an unencrypted Kubernetes Secret", file=file, line=line)


def _warning(check: str, message: str, file: str, line: int) -> Finding:
    return found(check, message, file=file, line=line, severity=Severity.WARNING)


def is_dotenv(file: str) -> bool:
    """Whether programs read a file of this name as variables."""
    return _DOTENV.match(file) is not None and not is_template(file)


def _dotenv_line(file: str, content: bytes) -> int | None:
    """The first line with a value; in ``app.env`` only one whose name says that it is secret."""
    if not is_dotenv(file):
        return None
    is_local = file.rpartition("/")[2].startswith(".env")
    for match in _ASSIGNMENT.finditer(content):
        if _NO_VALUE.match(match[2]) or not (is_local or _TELLING.search(match[1])):
            continue
        return content.count(b"\n", 0, match.start(1)) + 1
    return None


def find_manifest(content: bytes) -> int | None:
    """The line of a Secret with a value that is not filled in later, or None.

    Raises:
        TooMuchYamlError: there is none in what can be read, and a document is too large for that.
    """
    if b"Secret" not in content:
        return None
    try:
        return _line_in(content)
    except TooMuchYamlError:
        return _line_in_parts(content)


def _line_in(content: bytes) -> int | None:
    try:
        documents = read_documents(content)
    except TooMuchYamlError:
        raise
    except MalformedError:
        return None  # a template: not the YAML that will be applied
    patches = Patches()
    maps = (one for one in walk(documents) if isinstance(one, Map))
    return next((one.line for one in maps if _is_open(one) or _is_patch(one, patches)), None)


def _is_patch(node: Map, patches: Patches) -> bool:
    """Whether it is a patch that is a Secret with a value, or that gives one to a Secret."""
    documents = patches.documents(node)
    inner = (one for one in walk(documents) if isinstance(one, Map))
    return any(map(_is_open, inner)) or any(map(_is_value, written_values(node, documents)))


def _line_in_parts(content: bytes) -> int | None:
    """Document by document, and without comments, which do not make a Secret any larger."""
    too_much: TooMuchYamlError | None = None
    line, left = 0, limits.READABLE_FILE
    for part in _DOCUMENT.split(_COMMENT.sub(b"", content)):
        if b"Secret" in part:
            left -= len(part)
            try:
                here = _line_in(part) if left >= 0 else None
            except TooMuchYamlError as error:
                here, too_much = None, error
            if here:
                return line + here
        line += part.count(b"\n")
    if too_much is not None or left < 0:
        raise too_much or TooMuchYamlError("too many documents", kind="not-yaml")
    return None


def is_other_manifest(content: bytes) -> bool:
    """Whether every document is a Kubernetes manifest, and none a Secret with a value."""
    try:
        documents = read_documents(content)
    except MalformedError:
        return False
    return bool(documents) and find_manifest(content) is None and all(map(_is_manifest, documents))


def _is_manifest(node: Node) -> bool:
    return isinstance(node, Map) and bool(node.get("apiVersion")) and bool(node.get("kind"))


def _is_open(node: Map) -> bool:
    kind = node.get("kind")
    if not isinstance(kind, Text) or kind.text not in _SECRET_KINDS:
        return False
    items = node.get("items")
    every = [node, *(items.nodes if kind.text == "SecretList" and items else [])]
    return any(isinstance(one, Map) and _has_value(one) for one in every)


def _has_value(node: Map) -> bool:
    held = (node.get(name) for name in ENTRIES)
    values = (value for data in held if isinstance(data, Map) for value in data.nodes)
    return any(map(_is_value, values))


def _is_value(node: Node) -> bool:
    return (
        isinstance(node, Text)
        and node.text not in {"", "null", "~"}
        and not _FILLED_IN_LATER.search(node.text)
    )
