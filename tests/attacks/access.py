"""What a range changes in who can read, and in what is demanded."""

from __future__ import annotations

from collections.abc import Callable

from tests.attacks.changes import Change, stranger, sub, swap
from tests.attacks.ground import (
    PLAIN,
    PROD,
    RULES,
    SETTINGS,
    SOURCES,
    WORKFLOW,
    Ground,
)
from tests.attacks.history import WARNING, ranged
from tests.attacks.rules import LISTED, first_rule
from tests.attacks.variant import Variant


def weaker(source: str, name: str, file: str, change: Change, check: str = "policy-weakened", severity: str = "error") -> Variant:  # fmt: skip
    """A change of settings, rules or workflows, in a range that changes no secret file."""
    return ranged(source, name, check, lambda ground: ground.change(file, change), file, severity)


def _reader(ground: Ground) -> str:
    added = ground.add_reader()
    ground.world.encrypt(PLAIN, SOURCES[PLAIN])
    return added


def _named_reader(ground: Ground) -> None:
    added = _reader(ground)
    ground.change(
        SETTINGS, lambda text: f'{text}[recipients.eve]\nkey = "{added}"\nkind = "staff"\n'
    )


def _unruled_reader(ground: Ground) -> None:
    rules = ground.read(RULES)
    _reader(ground)
    ground.write(RULES, rules)


def _left(ground: Ground) -> None:
    """Somebody leaves, and the data key stays."""
    gone = str(ground.world.others[0].to_public())
    ground.change(RULES, lambda text: text.replace(f",{gone}", ""))
    ground.world.sops("updatekeys", "-y", PLAIN)


def _in_a_folder(ground: Ground) -> None:
    rules = (
        ground.read(RULES).replace("^infra/secrets/", "").replace("age: ", f"age: {stranger()},")
    )
    ground.write(f"infra/secrets/prod/{RULES}", rules)


def _accepted_by_the_head(ground: Ground) -> None:
    ground.change(SETTINGS, lambda text: text + LISTED.format(PROD))
    ground.write(PROD, ground.texts[PLAIN])


def _kept_longer(ground: Ground) -> None:
    text = ground.read(SETTINGS) + LISTED.format(PLAIN)
    ground.start_from(SETTINGS, text.replace("2099", "2027"))
    ground.write(SETTINGS, text)


def _removed(file: str) -> Callable[[Ground], object]:
    return lambda ground: ground.remove(file)


def _unordered(text: str) -> str:
    """The rule of everything in front of that of manifests."""
    head, *rules = text.split("    - path_regex")
    return head + "".join(f"    - path_regex{rule}" for rule in [rules[-1], *rules[:-1]])


READERS = [
    ranged("A20", "a stranger in rules and file", "recipient-added", _reader),
    ranged("A20", "a stranger that the same change names", "recipient-added", _named_reader),
    ranged("A20", "a stranger in a file alone", "recipient-added", _unruled_reader),
    ranged("A20", "a stranger in the rules alone", "recipient-added", Ground.add_reader, RULES),
    weaker("A23", "a rule for new files with a stranger", RULES, first_rule(f"path_regex: ^infra/secrets/new/\n      age: {stranger()}"), "recipient-added"),
    ranged("A23", "rules in a folder below that a range brings", "recipient-added", _in_a_folder, RULES),
    ranged("A25", "a reader who left, with the data key they know", "recipient-removed", _left, severity=WARNING),
    ranged("A24", "a reader gone from one file", "recipient-removed", _left, severity=WARNING),
]  # fmt: skip

SETTINGS_ROWS = [
    weaker("A23", "fewer recipients demanded", SETTINGS, swap("min_recipients = 2", "min_recipients = 1")),
    weaker("A23", "names not demanded", SETTINGS, swap("named = true", "named = false")),
    weaker("A23", "a required reader less", SETTINGS, swap('required = ["me"]\n', "")),
    weaker("A23", "a name that means another key", SETTINGS, sub(r"(\[recipients.job\]\nkey = \")age1\w+", rf"\g<1>{stranger()}")),
    weaker("A23", "a key that may be public", SETTINGS, swap('kind = "job"', 'kind = "demo"')),
    weaker("A42", "a root less", SETTINGS, swap(', "more"', "")),
    weaker("A42", "more that may be readable", SETTINGS, swap('"**/README.md", ', '"**/README.md", "**/app.yaml", ')),
    weaker("A42", "an exception that a change brings", SETTINGS, lambda text: text + LISTED.format(PLAIN)),
    ranged("A42", "an exception that ends later", "policy-weakened", _kept_longer, SETTINGS),
    ranged("A42", "an exception for what the same change brings", "copied-file", _accepted_by_the_head, PROD, WARNING),
    weaker("A9", "a selector that is allowed", SETTINGS, swap("named = true", 'named = true\nselectors = ["^x$"]')),
    ranged("A23", "no settings any more", "policy-weakened", _removed(SETTINGS), SETTINGS),
    weaker("A38", "settings that cannot be read", SETTINGS, lambda text: f"{text}[", "bad-config"),
]  # fmt: skip

RULES_ROWS = [
    weaker("A23", "a rule that encrypts less", RULES, lambda text: first_rule("path_regex: dev/app\\.yaml\n      encrypted_regex: ^never$\n      age: " + text.split("age: ")[1].split("\n")[0])(text)),
    weaker("A23", "another order of the rules", RULES, _unordered, "selector-differs"),
    weaker("A23", "a selector of a rule that changed", RULES, swap("^(data|stringData)$", "^data$")),
    ranged("A23", "no rules any more", "rules-missing", _removed(RULES), RULES),
    weaker("A27", "a key service that a range brings", RULES, lambda text: text.replace("      age: ", '      kms: "arn:aws:kms:x"\n      age: '), "rules-other-keys"),
    weaker("A38", "a workflow that was changed", WORKFLOW, lambda text: f"{text}# x\n", severity=WARNING),
    ranged("A32", "attributes that the range brings", "git-attributes", lambda ground: ground.write(".gitattributes", "infra/secrets/** filter=x\n")),
]  # fmt: skip

WORKFLOWS = [
    ranged("A38", "a workflow that is gone", "policy-weakened", _removed(WORKFLOW), WORKFLOW),
    weaker("A38", "a step that is gone", WORKFLOW, sub(".*verify --range auto\n", "")),
    weaker("A38", "a step that always passes", WORKFLOW, swap("--range auto", "--range auto || true")),
    weaker("A38", "a trigger that is gone", WORKFLOW, swap("pull_request", "workflow_dispatch"), severity=WARNING),
]  # fmt: skip

ROWS = [*READERS, *SETTINGS_ROWS, *RULES_ROWS, *WORKFLOWS]
