"""Allow-lists for secret scanners, which take what sops and we write for findings. Pure.

Each entry is for a whole line, so that a value beside a ciphertext is still found. trufflehog
has no such entries: it leaves out files, in which `verify` finds plaintext.

Sources: the README of gitleaks 8 ("Configuration"), `betterleaks config show` of betterleaks 2,
and `trufflehog --help` ("--exclude-paths").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from plana_secrets.secretfiles.settings import SETTINGS_FILE
from plana_secrets.sops.model import RULES_FILE

_CIPHERTEXT: Final = r"ENC\[AES256_GCM,data:[\w+/=]*,iv:[\w+/=]+,tag:[\w+/=]+,type:\w+\]"
_LINES: Final = (
    rf"""^\s*(?:- )*(?:[^#\s]+\s*[:=]\s*)?["']?#?{_CIPHERTEXT}["']?,?\s*$""",
    r"""^\s*key = "(?:age1[0-9a-z]+|ssh-[\w-]+ [\w+/=]+)"\s*$""",
    r"""^\s*key_fingerprint = "[0-9a-f]+"\s*$""",
)
"""RE2: a value that sops encrypted, a recipient in the settings, the fingerprint of a mirror."""

_GITLEAKS: Final = """\
[extend]
useDefault = true

[[allowlists]]
description = "age recipients and what sops encrypted: plana-secrets verify checks them"
regexTarget = "line"
regexes = [
{lines}
]
"""
_BETTERLEAKS: Final = """\
filter = '''
matchesAny(finding["fragment_raw"][finding["match_line_start_idx"]:finding["match_line_end_idx"]], [
{lines}
])
'''

[extend]
useDefault = true
"""


@dataclass(frozen=True, slots=True)
class AllowList:
    """``where``: the scanner and the file that it reads."""

    where: str
    text: str


def allow_lists(roots: Iterable[str]) -> tuple[AllowList, ...]:
    """What to add to the configuration of each scanner; ``roots`` as in the settings."""
    quoted = (f"    '''{line}'''," for line in _LINES)
    ticked = (f"  `{line}`," for line in _LINES)
    covered = (*(root for root in roots if root != "."), SETTINGS_FILE, RULES_FILE)
    return (
        AllowList("gitleaks: .gitleaks.toml", _GITLEAKS.format(lines="\n".join(quoted))),
        AllowList(
            "betterleaks 2: a file for --config", _BETTERLEAKS.format(lines="\n".join(ticked))
        ),
        AllowList(
            "trufflehog: a file for --exclude-paths",
            "".join(f"(^|/){_as_pattern(one)}(/|$)\n" for one in covered),
        ),
    )


def _as_pattern(glob: str) -> str:
    """A root as RE2; what it may have beside stars is taken as it is written."""
    text = re.escape(glob.strip("/").removeprefix("**/")).replace(r"\-", "-")
    for star, meant in ((r"\*\*/", "(.*/)?"), (r"\*\*", ".*"), (r"\*", "[^/]*")):
        text = text.replace(star, meant)
    return text
