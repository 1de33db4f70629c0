"""All rules files of a repository: the nearest ``.sops.yaml`` above a file decides it.

sops takes the one that is nearest to the working directory. People who keep several of
them start it in the folder of the file, and so does Flux's documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from plana_secrets.errors import FailedError, MissingFileError
from plana_secrets.sops.model import RULES_FILE, Defect, Severity
from plana_secrets.sops.rules.creationrule import CreationRule
from plana_secrets.sops.rules.rulesfile import Rules, parse_rules

Reader = Callable[[Iterable[str]], Mapping[str, bytes | FailedError]]
"""From names of files that may not be there to their content, or the reason why there is none."""


class RuleBook:
    """Reads a rules file when a file below its folder is asked for, and keeps it.

    ``read`` gives the content of rules files, or why one cannot be read: such a file has
    the defect ``rules-unreadable``, so that nothing is written by the rules above it.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._known: dict[str, Rules | None] = {}
        self._nearest: dict[str, Rules | None] = {}

    def prepare(self, files: Iterable[str]) -> None:
        """Read every rules file above ``files`` at once."""
        inner = {file.rpartition("/")[0] for file in files}
        folders = {one for folder in inner for one in _folders_from(folder)}
        names = {_rules_file(folder): folder for folder in sorted(folders - self._known.keys())}
        contents = self._read(names) if names else {}
        for name, folder in names.items():
            self._known[folder] = _parsed(name, contents.get(name), folder)

    def rules_for(self, file: str) -> Rules | None:
        """The nearest file with rules above ``file`` (relative to the repository), or None.

        One without a rule, with ``stores`` alone, say, decides nothing.
        """
        folder = file.rpartition("/")[0]
        if folder not in self._nearest:
            self._nearest[folder] = self._find(folder)
        return self._nearest[folder]

    def _find(self, folder: str) -> Rules | None:
        self.prepare([f"{folder}/"])
        found = [self._known[one] for one in _folders_from(folder)]
        return next(
            (one for one in found if one and (one.creation_rules or one.is_unreadable)),
            next((one for one in found if one), None),
        )

    def rule_for(self, file: str) -> CreationRule | None:
        """The rule that decides ``file``; None where there is none."""
        rules = self.rules_for(file)
        return None if rules is None else rules.rule_for(file)

    @property
    def known(self) -> tuple[Rules, ...]:
        """The rules files that were met so far, the one at the top first."""
        return tuple(rules for _, rules in sorted(self._known.items()) if rules is not None)

    def in_folder(self, folder: str) -> Rules | None:
        """The rules file in ``folder`` itself; the root is the empty name."""
        self.prepare([f"{folder}/"])
        return self._known[folder]


@lru_cache(maxsize=4096)
def _folders_from(folder: str) -> tuple[str, ...]:
    """``folder`` and those that it is in, the nearest first; the root is the empty name."""
    names = folder.split("/") if folder else []
    return tuple("/".join(names[:count]) for count in range(len(names), -1, -1))


def _rules_file(folder: str) -> str:
    return f"{folder}/{RULES_FILE}" if folder else RULES_FILE


def _parsed(name: str, content: bytes | FailedError | None, folder: str) -> Rules | None:
    if isinstance(content, bytes):
        return parse_rules(content, folder=folder)
    if content is None or isinstance(content, MissingFileError):
        return None
    if content.facts.get("link", name) != name:
        return None  # a folder behind a link has no rules, and no secret file
    what = _NO_FILE.get(content.kind) or content.message.replace(f"read {name}: ", "be read: ", 1)
    return Rules((), (Defect("rules-unreadable", Severity.ERROR, what),), folder)


_NO_FILE = {
    "symlink": "a symlink, and sops could follow it to other rules",
    "not-a-regular-file": "not a regular file",
}
