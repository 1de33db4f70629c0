"""The rules in `.sops.yaml`, the keysets, and exceptions: policy that does not hold."""

from __future__ import annotations

from collections.abc import Callable

from tests.attacks.changes import Change, append, in_turn, stranger, sub, swap
from tests.attacks.content import tampered
from tests.attacks.ground import (
    CALLER,
    KEYSET,
    PLAIN,
    PROD,
    PROVIDER,
    RULES,
    SETTINGS,
    SHOP,
    Ground,
)
from tests.attacks.places import WARNING, place
from tests.attacks.variant import Look, Variant

SHOP_KEY = r"(        since: )\S+"


def ruled(source: str, name: str, check: str, change: Change, severity: str = "error") -> Variant:
    return place(source, name, check, lambda ground: ground.change(RULES, change), RULES, severity)


def first_rule(lines: str) -> Change:
    return swap("creation_rules:\n", f"creation_rules:\n    - {lines}\n")


LISTED = '[[verify.accept]]\ncheck = "copied-file"\nfile = "{}"\nreason = "x"\nuntil = 2099-01-01\n'


def _accepted(check: str) -> Callable[[Ground], object]:
    text = LISTED.format(PLAIN).replace("copied-file", check)

    def build(ground: Ground) -> None:
        ground.write(SETTINGS, ground.read(SETTINGS) + text)
        ground.change(PLAIN, sub("(user: ).*", r"\1hunter2"))

    return build


def _expired(ground: Ground) -> None:
    text = ground.read(SETTINGS) + LISTED.format(PROD).replace("2099", "2020")
    ground.write(SETTINGS, text)
    ground.write(PROD, ground.texts[PLAIN])


def _set(file: str, path: str, value: str) -> Callable[[Ground], object]:
    return lambda ground: ground.world.sops("set", file, path, value)


def _copied(ground: Ground) -> None:
    value = ground.world.sops("decrypt", "--extract", '["key"]', CALLER).stdout
    ground.world.sops("set", PLAIN, '["last"]', f'"{value}"')


RULES_ROWS = [
    ruled("A23", "a pattern that sops cannot compile", "rules-bad-selector", swap("encrypted_regex: ^value$", "encrypted_regex: ^(?!x)")),
    ruled("A23", "a path that sops cannot compile", "rules-bad-path-regex", first_rule("path_regex: (?!x)\n      age: age1x")),
    ruled("A9", "a space in a selector", "rules-bad-selector", swap("^(data|stringData)$", "^(data | stringData)$"), WARNING),
    ruled("A23", "a mistyped option", "rules-unknown-key", swap("encrypted_regex: ^value$", "encrypted_regexp: ^value$")),
    ruled("A23", "a recipient that is none", "rules-bad-recipient", sub("age: age1.", "age: xge1q")),
    ruled("A23", "a rule without recipients", "rules-no-recipients", first_rule("path_regex: ^infra/secrets/dev/")),
    ruled("A23", "a rule above that leaves values readable", "selector-differs", lambda text: first_rule("path_regex: dev/app\\.yaml\n      encrypted_regex: ^never$\n      age: " + text.split("age: ")[1].split("\n")[0])(text)),
    ruled("A20", "a stranger in the rules", "recipients-differ", lambda text: text.replace("age: ", f"age: {stranger()},")),
    ruled("A24", "a reader gone from the rules", "too-few-recipients", lambda text: text.replace(text[text.index(",age1") : text.index("\n", text.index(",age1"))], "")),
    ruled("A27", "a key service in the rules", "rules-other-keys", lambda text: text.replace("      age: ", '      kms: "arn:aws:kms:x"\n      age: ')),
    ruled("A27", "parts of a key in the rules", "rules-key-groups", first_rule("path_regex: ^infra/secrets/dev/\n      shamir_threshold: 2\n      key_groups: [{age: [age1x]}, {age: [age1y]}]")),
    ruled("G2", "mac_only_encrypted in the rules", "rules-mac-only", swap("encrypted_regex: ^value$", "encrypted_regex: ^value$\n      mac_only_encrypted: true")),
    ruled("A23", "a rule that can never match", "rules-unreachable", first_rule("path_regex: ^/infra/\n      age: age1x"), "note"),
    place("A23", "no rules at all", "rules-missing", lambda ground: ground.remove(RULES), RULES),
    ruled("A36", "laughs in the rules", "rules-unreadable", lambda text: "a: &a [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1 if n > 1 else ''}, *a{n - 1 if n > 1 else ''}]\n" for n in range(1, 30)) + text),
    place("A23", "rules in a folder below with a stranger", "recipients-differ", lambda ground: ground.write(f"infra/secrets/dev/{RULES}", ground.read(RULES).replace("^infra/secrets/", "").replace("age: ", f"age: {stranger()},")), PLAIN),
    place("A23", "a name that only looks like that of rules", "rules-ignored", lambda ground: ground.write(".sops.yml", ground.read(RULES)), ".sops.yml", WARNING),
    place("A42", "plaintext with an exception", "accept-invalid", _accepted("not-encrypted"), SETTINGS),
    place("A42", "an exception that has ended", "accept-expired", _expired, SETTINGS, WARNING),
    place("A20", "a reader without a name", "unnamed-recipient", lambda ground: ground.change(SETTINGS, in_turn(sub(r"\[recipients.job\]\nkey = \"age1.*", f'[recipients.job]\nkey = "{stranger()}"'))), PLAIN),
    place("A24", "a required reader that is missing", "required-recipient", lambda ground: ground.change(SETTINGS, in_turn(swap('required = ["me"]', 'required = ["me", "backup"]'), lambda text: f'{text}[recipients.backup]\nkey = "{stranger()}"\nkind = "recovery"\n')), PLAIN),
]  # fmt: skip

KEYSETS = [
    place("A40", "a key that is overdue", "rotation-overdue", lambda ground: ground.change(SHOP, sub(SHOP_KEY, r'\1"2020-01-01T10:00:00Z"')), SHOP),
    place("A40", "a key of the future", "since-in-future", lambda ground: ground.change(SHOP, sub(SHOP_KEY, r'\1"2099-01-01T10:00:00Z"')), SHOP),
    place("A40", "a keyset without settings", "keyset-unknown", lambda ground: ground.change(SETTINGS, swap('[keysets."app"]\nkind = "api-key"\naccepted = []\n', "")), KEYSET, WARNING),
    tampered("F5", "a keyset at the place of another", KEYSET, sub("^name: app", "name: other"), "keyset-name"),
    tampered("A40", "a status that is none", KEYSET, sub("status: active", "status: leaked"), "keyset-schema"),
    tampered("A40", "two active keys", KEYSET, sub("(    k7f3a9b2c:\n(?:        .*\n)+)", r"\1    k00000000:\n        status: active\n        since: null\n        value: null\n"), "keyset-schema"),
    Variant("a caller with another key", "A40", Look.KEYED, "target-differs", _set(CALLER, '["key"]', '"other"'), CALLER),
    Variant("a service that accepts a stranger's key", "A40", Look.KEYED, "target-differs", _set(PROVIDER, '["accepted"]', '"[]"'), PROVIDER),
    Variant("the key of a keyset in another file", "A39", Look.KEYED, "key-copied", _copied, PLAIN, WARNING),
    Variant("a value that is none of its kind", "A39", Look.KEYED, "keyset-schema", _set(KEYSET, '["keys"]["k7f3a9b2c"]["value"]', '" padded"'), KEYSET),
]  # fmt: skip

VALUES = [
    tampered("A39", "an empty value", PLAIN, append('password: ""'), "empty-value", severity=WARNING),
    Variant("a value that a person forgot to fill in", "A39", Look.KEYED, "placeholder-value", _set(PLAIN, '["last"]', '"changeme"'), PLAIN, WARNING),
]  # fmt: skip

ROWS = [*RULES_ROWS, *KEYSETS, *VALUES]
