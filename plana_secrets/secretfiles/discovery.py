"""What makes a file a secret file where its folder does not say so. Pure.

A file of sops is known by what is in it. A plain file is meant to be one by its name
(``db.sops.yaml``) or by a creation rule that names it: whose pattern has a word such as
``secret`` in it that the file's name has, too. A rule such as ``.*.yaml`` is for every
file, and says nothing about a single one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.settings import DEFAULT_PLAIN, FilesSettings
from plana_secrets.sops.formats import Format, format_of, written_format
from plana_secrets.sops.model import RULES_FILE

if TYPE_CHECKING:
    from plana_secrets.sops.rules.creationrule import CreationRule

SOPS_MARK: Final = "ENC[AES256_GCM,"
"""What is in every file of sops, and a byte scan can look for."""

_TOKEN: Final = re.compile(
    rb"ENC\[AES256_GCM,data:[A-Za-z0-9+/=]*,iv:[A-Za-z0-9+/=]{16,},tag:[A-Za-z0-9+/=]{16,},type:"
)
_SECRET_MANIFEST: Final = re.compile(rb"""(?m)^kind:[ \t]*["']?Secret["']?[ \t]*\r?$""")
_BLOCK: Final = re.compile(rb"(?m)^sops:[ \t]*\r?$")
PROSE: Final = (
    ".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc", ".html", ".py", ".go", ".js", ".ts",
    ".rs", ".sh", ".bash", ".rb", ".nix", ".diff", ".patch", ".log",
)  # fmt: skip
"""Files that quote what sops writes, and are not written by it."""

_ENDINGS: Final = ("yaml", "yml", "json", "env", "ini")
_TEMPLATES: Final = (
    "example", "examples", "sample", "dist", "template", "tmpl", "tpl", "j2", "jinja", "jinja2",
    "gotmpl", "schema", "defaults",
)  # fmt: skip
_STEP: Final = re.compile(r"[./_-]")

_FOLDERS: Final = frozenset({"secret", "secrets", ".secrets", "sops", "credentials", "encrypted"})
TELLING: Final = ("secret", "sops", ".enc", "encrypted", "credential", "passw")
"""What is in the names of secret files, and in the patterns of the rules for them."""


_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
"""How a text in UTF-16 begins."""


def text_of(content: bytes) -> bytes:
    """What a text in UTF-16 or UTF-32 says in ASCII, as a redirection of PowerShell writes it.

    Also where it was appended to another text. Other contents are returned as they are.
    """
    if b"\0" not in content:
        return content
    return content[2 if content.startswith(_WIDE) else 0 :].replace(b"\0", b"")


def carries_sops(file: str, content: bytes) -> bool:
    """Whether sops encrypted ``content``, whatever became of its metadata.

    A document or a program that quotes an encrypted file is none.
    """
    if format_of(file) is not Format.BINARY:
        return _TOKEN.search(content) is not None
    if file.lower().endswith(PROSE):
        return False
    written = written_format(content)
    if written is Format.JSON:
        return content.lstrip().startswith(b"{")
    if written is Format.YAML:
        return _BLOCK.search(content) is not None
    return written is not None


def is_exempt(settings: FilesSettings, file: str) -> bool:
    """Whether ``files.plain`` says that a file beside the roots is meant to be readable."""
    return glob_match(settings.plain, file)


def is_exempt_by_hand(settings: FilesSettings, file: str) -> bool:
    """Whether a pattern says so that is not there by default, and so is about this file."""
    return glob_match([one for one in settings.plain if one not in DEFAULT_PLAIN], file)


def is_template(file: str) -> bool:
    """Whether other files are written from this one, by its name."""
    name = file.rpartition("/")[2].lower()
    return any(part in _TEMPLATES for part in _STEP.split(name))


def is_named_secret(file: str) -> bool:
    """Whether the name says that sops encrypts the file: ``db.sops.yaml``, ``db.enc.json``."""
    parts = file.rpartition("/")[2].lower().split(".")
    return (
        len(parts) > 2
        and bool(parts[0])
        and parts[-2] in {"sops", "enc"}
        and (parts[-1] in _ENDINGS)
    )


def may_be_meant(file: str) -> bool:
    """Whether a rule can mean the file at all: a quick look, before any pattern is tried."""
    name = file.lower()
    return any(word in name for word in TELLING)


def rule_means(rule: CreationRule, file: str) -> bool:
    """Whether a rule that matches ``file`` names it: both have the same telling word.

    A program (``SecretStore.java``) may have it in its name, too: what has no format of sops
    must be in a folder of that name.
    """
    folders = file.lower().split("/")[:-1]
    if format_of(file) is Format.BINARY and _FOLDERS.isdisjoint(folders):
        return False
    pattern = (rule.path_regex or "").replace("\\", "").lower()
    name = file.lower()
    return any(word in pattern and word in name for word in TELLING)


def is_meant(rule: CreationRule | None, file: str, content: bytes) -> bool:
    """Whether a plain file that ``rule`` matches is to be encrypted by it."""
    if is_template(file):
        return False
    if is_named_secret(file) or _SECRET_MANIFEST.search(content):
        return True
    return rule is not None and rule_means(rule, file)


def is_rules_file(file: str) -> bool:
    return file.rpartition("/")[2] == RULES_FILE
