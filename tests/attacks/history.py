"""What only a range of commits or the index shows: plaintext on the way, values that came back."""

from __future__ import annotations

from collections.abc import Callable

from tests.attacks.changes import Change, append, line_of, sub, swap, value_of
from tests.attacks.ground import (
    MANIFEST,
    NEW,
    OPEN_MANIFEST,
    PLAIN,
    PROD,
    RULES,
    SETTINGS,
    SOURCES,
    Ground,
)
from tests.attacks.variant import Look, Variant

Build = Callable[[Ground], object]
WARNING = "warning"
PLAINTEXT = "password: hunter2\n"


def ranged(
    source: str, name: str, check: str, build: Build, file: str = PLAIN, severity: str = "error"
) -> Variant:
    """The last commit is made here."""

    def whole(ground: Ground) -> None:
        build(ground)
        ground.world.git("add", "-A", "-f")
        ground.world.git("commit", "-q", "--allow-empty", "-m", "the last of the range")

    return Variant(name, source, Look.RANGE, check, whole, file, severity)


def staged(name: str, file: str, content: Change | str) -> Variant:
    def build(ground: Ground) -> None:
        text = content if isinstance(content, str) else content(ground.texts[file])
        ground.stage(file, text)

    return Variant(name, "A33", Look.INDEX, _STAGED.get(name, "not-encrypted"), build, file)


def _planted(file: str, content: str) -> Build:
    """In one commit, and gone in the next."""

    def build(ground: Ground) -> None:
        ground.write(file, content)
        ground.commit()
        ground.remove(file)

    return build


def _encrypted_later(ground: Ground) -> None:
    ground.write(NEW, PLAINTEXT)
    ground.commit()
    ground.write(NEW, ground.spare["new"])


def _one_value(ground: Ground) -> None:
    ground.change(PLAIN, sub("(user: ).*", r"\1hunter2"))
    ground.commit()
    ground.write(PLAIN, ground.texts[PLAIN])


def _on_a_side(ground: Ground) -> None:
    git = ground.world.git
    git("checkout", "-q", "-b", "side")
    ground.write(NEW, PLAINTEXT)
    ground.commit()
    ground.remove(NEW)
    ground.commit()
    git("checkout", "-q", "main")
    git("commit", "-q", "--allow-empty", "-m", "x")
    git("merge", "-q", "--no-ff", "side", "-m", "merge")
    git("branch", "-q", "-D", "side")


def _in_a_merge(ground: Ground) -> None:
    git = ground.world.git
    git("checkout", "-q", "-b", "side")
    git("commit", "-q", "--allow-empty", "-m", "x")
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "--no-commit", "side")
    ground.write(NEW, PLAINTEXT)
    ground.commit()
    git("branch", "-q", "-D", "side")
    ground.remove(NEW)


def _exempted(ground: Ground) -> None:
    ground.change(SETTINGS, swap('"**/README.md", ', '"**/README.md", "**/new.yaml", '))
    ground.write(NEW, PLAINTEXT)
    ground.commit()
    ground.world.git("checkout", "base", "--", SETTINGS)
    ground.remove(NEW)


def _ruled_out(ground: Ground) -> None:
    """A rule of one commit that lets everything be readable, and a file by it."""
    rules = ground.read(RULES)
    ground.change(
        RULES,
        lambda text: text.replace(
            "creation_rules:\n", _OPEN.format(text.split("age: ")[1].split("\n")[0])
        ),
    )
    ground.write(PLAIN, ground.world.encrypt(PLAIN, SOURCES[PLAIN]).read_text())
    ground.commit()
    ground.write(RULES, rules)
    ground.write(PLAIN, ground.texts[PLAIN])


_OPEN = "creation_rules:\n    - path_regex: dev/app.yaml\n      encrypted_regex: ^never$\n      age: {}\n"


def _reader_of_one_commit(ground: Ground) -> None:
    rules = ground.read(RULES)
    ground.add_reader()
    ground.world.encrypt(PLAIN, SOURCES[PLAIN])
    ground.commit()
    ground.write(RULES, rules)
    ground.write(PLAIN, ground.texts[PLAIN])


def _in_a_message(ground: Ground) -> None:
    identity = ground.world.identity
    ground.world.git("commit", "-q", "--allow-empty", "-m", f"the key\n\n{identity}")


ON_THE_WAY = [
    ranged("A34", "plaintext that was encrypted in the next commit", "plaintext-in-commit", _encrypted_later, NEW),
    ranged("A34", "plaintext that was removed in the next commit", "plaintext-in-commit", _planted(NEW, PLAINTEXT), NEW),
    ranged("A34", "one value in plaintext for one commit", "plaintext-in-commit", _one_value),
    ranged("A34", "plaintext on a side branch", "plaintext-in-commit", _on_a_side, NEW),
    ranged("A34", "plaintext in a merge itself", "plaintext-in-commit", _in_a_merge, NEW),
    ranged("A34", "plaintext that the settings of its commit exempt", "plaintext-in-commit", _exempted, NEW),
    ranged("A34", "plaintext that the rules of its commit allow", "plaintext-in-commit", _ruled_out),
    ranged("A34", "a reader for one commit", "plaintext-in-commit", _reader_of_one_commit),
    ranged("A34", "an open Secret outside of the roots for one commit", "plaintext-in-commit", _planted("apps/x.yaml", OPEN_MANIFEST), "apps/x.yaml"),
    ranged("A34", "a readable comment for one commit", "plaintext-in-commit", _planted(NEW, "# hunter2\n"), NEW),
    ranged("A34", "an identity for one commit", "plaintext-in-commit", lambda ground: _planted("notes.txt", f"{ground.world.identity}\n")(ground), "notes.txt"),
    ranged("A34", "plaintext that is still there", "not-sops", lambda ground: ground.write(NEW, PLAINTEXT), NEW),
    ranged("A35", "an identity in the message of a commit", "private-identity", _in_a_message),
]  # fmt: skip

_STAGED = {
    "plaintext staged, and encrypted on the disk": "not-sops",
    "an open Secret staged": "plaintext-secret",
    "a readable comment staged": "plain-comment",
    "plaintext staged, and gone from the disk": "not-sops",
    "an open Secret staged as a readable file": "plaintext-secret",
}
IN_THE_INDEX = [
    staged("plaintext staged, and encrypted on the disk", PLAIN, SOURCES[PLAIN]),
    staged("one value staged in plaintext", PLAIN, sub("(user: ).*", r"\1hunter2")),
    staged("an open Secret staged", MANIFEST, SOURCES[MANIFEST]),
    staged("a readable comment staged", PLAIN, lambda text: f"# hunter2\n{text}"),
    staged("plaintext staged, and gone from the disk", NEW, PLAINTEXT),
    staged("an open Secret staged as a readable file", "infra/secrets/README.md", OPEN_MANIFEST),
]


# -- what came back, and what moved between files


def _old_value(ground: Ground) -> None:
    old = value_of(ground.older, "password")
    ground.change(PLAIN, lambda text: text.replace(value_of(text, "password"), old, 1))


def _renamed_with_old_value(ground: Ground) -> None:
    _old_value(ground)
    ground.path(PLAIN).rename(ground.path(NEW))


def _from_another_file(ground: Ground) -> None:
    """A value of production at the same path of another file; its data key does not fit."""
    other = line_of(ground.texts[PROD], "user:")
    ground.change(
        PLAIN, lambda text: text.replace(line_of(text, "last:"), other.replace("user", "last"), 1)
    )


def _from_blanks(change: Change) -> Build:
    def build(ground: Ground) -> None:
        ground.start_from(NEW, ground.spare["blanks"])
        ground.change(NEW, change)

    return build


CAME_BACK = [
    ranged("A16", "an old value in a new file", "rolled-back", _old_value),
    ranged("A16 I9", "the whole file of an older commit", "rolled-back", lambda ground: ground.write(PLAIN, ground.older)),
    ranged("A16", "an old value under another name of the file", "rolled-back", _renamed_with_old_value, NEW),
    ranged("A17", "production as development", "copied-file", lambda ground: ground.write(PLAIN, ground.texts[PROD]), severity=WARNING),
    ranged("A13", "a value of another file", "changed-without-sops", _from_another_file),
    ranged("A6", "a null that was added", "changed-without-sops", lambda ground: ground.change(PLAIN, append("more: null"))),
    ranged("4", "a null that was renamed", "changed-without-sops", _from_blanks(swap("nothing: null", "other: null")), NEW),
    ranged("5", "a null that was removed", "changed-without-sops", _from_blanks(swap("nothing: null\n", "")), NEW),
    ranged("6", "a null that became a map", "changed-without-sops", _from_blanks(swap("nothing: null", "nothing: {}")), NEW),
    ranged("4", "an empty text that was renamed", "changed-without-sops", _from_blanks(swap('blank: ""', 'more: ""')), NEW),
    ranged("6", "an empty map that became a list", "changed-without-sops", _from_blanks(swap("none: {}", "none: []")), NEW),
]  # fmt: skip

ROWS = [*ON_THE_WAY, *IN_THE_INDEX, *CAME_BACK]
