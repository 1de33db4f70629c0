"""What differs between two policies, and what of it demands less."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.config.schema import parse_settings
from plana_secrets.verify.policychange import Demanded, compare_policies

KEY, OTHER = (str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2))


def demanded(text: str) -> Demanded:
    return parse_settings(text.encode()).demanded


def changes(old: str, new: str) -> list[tuple[str, str | None, str, bool]]:
    found = compare_policies(demanded(old), demanded(new))
    return [(one.setting, one.item, one.change, one.weaker) for one in found]


def person(key: str, kind: str = "staff") -> str:
    return f'[recipients.alice]\nkey = "{key}"\nkind = "{kind}"\n'


def accept(until: str, path: str = "") -> str:
    more = f'path = "{path}"\n' if path else ""
    return (
        '[[verify.accept]]\ncheck = "empty-value"\nfile = "a.yaml"\nreason = "r"\n'
        f"until = {until}\n{more}"
    )


def test_another_file_of_signers_is_weaker() -> None:
    old, new = ('[git]\nallowed_signers = "a"', '[git]\nallowed_signers = "b"')
    assert changes(old, new) == [("git.allowed_signers", None, "changed", True)]


@pytest.mark.parametrize("setting", ["branch", "remote"])
@pytest.mark.parametrize("is_named", [True, False])
def test_another_deployed_branch_or_remote_is_weaker(setting: str, is_named: bool) -> None:
    old, other = (f'[git]\n{setting} = "{name}"' for name in ("usual", "side"))
    before = old if is_named else ""
    change = "changed" if is_named else "added"
    assert changes(before, other) == [(f"git.{setting}", None, change, True)]

    def defaults() -> dict[str, str | None]:
        return {f"git.{setting}": "usual"}

    assert compare_policies(demanded(old), demanded(""), defaults=defaults) == ()
    (gone,) = compare_policies(demanded(other), demanded(""), defaults=defaults)
    assert gone.weaker


@pytest.mark.parametrize(
    ("less", "more", "setting", "item"),
    [
        ("[policy]\nmin_recipients = 1", "[policy]\nmin_recipients = 2", "policy.min_recipients", None),
        ("[policy]\nnamed = false", "[policy]\nnamed = true", "policy.named", None),
        (person(KEY), person(KEY) + '[policy]\nrequired = ["alice"]', "policy.required", "alice"),
        ('[policy]\nselectors = ["^x$"]', "", "policy.selectors", "^x$"),
        ('[files]\nroots = ["a"]', '[files]\nroots = ["a", "b"]', "files.roots", "b"),
        ('[files]\nplain = ["x"]', "[files]\nplain = []", "files.plain", "x"),
        ("[files]\nplain = []", '[files]\nplain = ["!x"]', "files.plain", "!x"),
        ("", '[git]\nallowed_signers = "a"', "git.allowed_signers", None),
        (accept("2027-01-01"), "", "verify.accept", "empty-value in a.yaml"),
        (accept("2027-01-01"), accept("2026-01-01"), "verify.accept", "empty-value in a.yaml"),
        (accept("2027-01-01", "p"), "", "verify.accept", "empty-value in a.yaml#p"),
        (person(KEY, "demo"), person(KEY), "recipients", "alice"),
    ],
)  # fmt: skip
def test_less_is_weaker_and_more_is_not(
    less: str, more: str, setting: str, item: str | None
) -> None:
    (weaker,) = changes(more, less)
    assert (weaker[0], weaker[1], weaker[3]) == (setting, item, True)
    (stricter,) = changes(less, more)
    assert (stricter[0], stricter[1], stricter[3]) == (setting, item, False)


def test_a_name_that_means_another_key_is_weaker_either_way() -> None:
    assert changes(person(KEY), person(OTHER)) == [("recipients", "alice", "changed", True)]
    assert changes("", person(KEY)) == [("recipients", "alice", "added", False)]
    assert changes(person(KEY), person(KEY, "job")) == [("recipients", "alice", "changed", False)]


def test_the_order_of_the_globs_counts() -> None:
    one, other = '[files]\nplain = ["*.md", "!a.md"]', '[files]\nplain = ["!a.md", "*.md"]'
    assert changes(one, other) == [("files.plain", None, "changed", True)]


@pytest.mark.parametrize(
    ("old", "new", "weaker"),
    [
        ('"a/b", "c"', '"a"', [False, True]),
        ('"a/b"', '"."', [False]),
        ('"a/*/b"', '"a"', [False]),
        ('"a/b"', '"a/b*"', [False]),
        ('"a"', '"a/b"', [True]),
        ('"**/secrets"', '"a"', [True]),
    ],
)
def test_a_root_inside_a_wider_one_is_no_loss(old: str, new: str, weaker: list[bool]) -> None:
    sides = (f"[files]\nroots = [{one}]" for one in (old, new))
    assert [one[3] for one in changes(*sides) if one[2] == "removed"] == weaker


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_exceptions_for_one_finding_the_later_end_counts(is_first: bool) -> None:
    short, long = accept("2026-01-01"), accept("2099-01-01")
    both = long + short if is_first else short + long
    item = "empty-value in a.yaml"
    assert changes(short, both) == [("verify.accept", item, "changed", True)]
    assert changes(both, short) == [("verify.accept", item, "changed", False)]


def test_the_same_is_no_difference() -> None:
    text = person(KEY) + accept("2027-01-01") + '[policy]\nrequired = ["alice"]\nnamed = true\n'
    assert changes(text, text) == []
    assert changes("", "[policy]\nmin_recipients = 1\nnamed = false\n") == []
