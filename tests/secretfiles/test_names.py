"""Names that are two to git and one to a person or to a Mac."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.secretfiles.names import find_twins, has_invisible, shown, twins_of_roots
from tests.world import World

TWINS_BY_CASE = [
    ("mail.yaml", "MAIL.yaml"),
    ("mail.yaml", "mail.YAML"),
    ("strasse.yaml", "stra\N{LATIN SMALL LETTER SHARP S}e.yaml"),
    ("i.yaml", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}.yaml"),
    ("I.yaml", "\N{LATIN SMALL LETTER DOTLESS I}.yaml"),
    ("\N{GREEK SMALL LETTER SIGMA}.yaml", "\N{GREEK SMALL LETTER FINAL SIGMA}.yaml"),
    ("caf\u00e9.yaml", "CAFE\u0301.yaml"),
]

TWINS_TO_THE_EYE = [
    ("caf\u00e9.yaml", "cafe\u0301.yaml"),
    ("mail.yaml", "ma\u200bil.yaml"),
    ("mail.yaml", "mail\u00ad.yaml"),
    ("mail.yaml", "\u202email.yaml"),
    ("mail.yaml", "\ufeffmail.yaml"),
    ("mail.yaml", "mail\ufe0f.yaml"),
    ("mail.yaml", "mail\u3164.yaml"),
    ("mail.yaml", "mai\N{SMALL ROMAN NUMERAL FIFTY}.yaml"),
    ("mail.yaml", "\uff4dail.yaml"),
    ("mail.yaml", "mail.yaml "),
    ("mail.yaml", "mail.yaml."),
    ("mail.yaml", "mail .yaml"),
    ("mail.yaml", " mail.yaml"),
    ("a b.yaml", "a\u00a0b.yaml"),
    ("mail.yaml", "mail\x01.yaml"),
]


@pytest.mark.parametrize("folder", ["", "infra/secrets/"])
@pytest.mark.parametrize(("one", "other"), [*TWINS_BY_CASE, *TWINS_TO_THE_EYE])
def test_twins_name_each_other(folder: str, one: str, other: str) -> None:
    one, other = f"{folder}{one}", f"{folder}{other}"
    found = {twins.name: twins.others for twins in find_twins([one, other, f"{folder}x.yaml"])}
    assert found == {one: (other,), other: (one,)}
    by_case = (one.rpartition("/")[2], other.rpartition("/")[2]) in TWINS_BY_CASE
    assert {twins.by_case for twins in find_twins([one, other])} == {by_case}


def test_folders_are_twins_and_what_is_in_them_is_not() -> None:
    found = [one.name for one in find_twins(["a/Prod/x.yaml", "a/prod/x.yaml", "a/prod/y.yaml"])]
    assert found == ["a/Prod", "a/prod"]
    both = [one.name for one in find_twins(["Prod/x.yaml", "prod/X.yaml"])]
    assert both == ["Prod", "Prod/x.yaml", "prod", "prod/X.yaml"]


@pytest.mark.parametrize(
    "names",
    [
        ["mail.yaml", "mail.yml", "mails.yaml", "mail-.yaml"],
        ["a/mail.yaml", "b/mail.yaml", "mail/a.yaml"],
        ["o.yaml", "0.yaml", "l.yaml", "1.yaml"],
        ["\u0430.yaml", "a.yaml"],
        ["o.yaml", "\u00f6.yaml"],
        [".hidden", "hidden"],
    ],
)
def test_names_that_can_be_told_apart_are_no_twins(names: list[str]) -> None:
    assert list(find_twins(names)) == []


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1))
def test_normal_forms_of_any_name_are_twins_or_the_same(name: str) -> None:
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    found = {one.name for one in find_twins([name, *forms])}
    assert found == ({name, *forms} if len({name, *forms}) > 1 else set())


@given(st.lists(st.text("aA\u00e9e\u0301. \u200b\u0130\u0131i/", min_size=1), max_size=8))
def test_twins_are_mutual(names: list[str]) -> None:
    twins = {one.name: set(one.others) for one in find_twins(names)}
    assert all(name in twins[other] for name, others in twins.items() for other in others)


def test_a_name_in_a_message_shows_what_cannot_be_seen() -> None:
    assert shown("mail\u200b.yaml") == "mail\\u200b.yaml"
    assert has_invisible("a/\u202eb") is True
    assert has_invisible("caf\u00e9 1.yaml") is False


# -- the commands


@pytest.fixture
def place(world: World) -> World:
    assert world.run("new", "infra/secrets/prod/mail.yaml").status == 0
    assert world.run("new", "infra/secrets/prod/caf\u00e9.yaml").status == 0
    return world


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ma\u200bil.yaml", "invisible-name"),
        ("new\u200b.yaml", "invisible-name"),
        ("cafe\u0301.yaml", "twin-name"),
        ("mai\u217c.yaml", "twin-name"),
        ("mail .yaml", "twin-name"),
        ("../pro\uff44/x.yaml", "twin-name"),
    ],
)
def test_a_second_name_is_neither_created_nor_encrypted(place: World, name: str, kind: str) -> None:
    file = f"infra/secrets/prod/{name}"
    for argv in (["--dry-run"], []):
        refused = place.run("new", file, *argv, "--json")
        assert (refused.status, json.loads(refused.stdout)["kind"]) == (2, kind)
        assert json.loads(refused.stdout)["hint"]
    target = place.repo / "infra/secrets/prod" / name
    assert not target.exists()
    target.parent.mkdir(exist_ok=True)
    target.write_text("a: b\n")
    refused = place.run("encrypt", file, "--json")
    assert (refused.status, json.loads(refused.stdout)["kind"]) == (2, kind)
    assert target.read_text() == "a: b\n"


def test_a_name_that_differs_by_case_is_created_with_a_warning(place: World) -> None:
    """Here these are two files, and they can be told apart; on a Mac the first one is there."""
    done = place.run("new", "infra/secrets/prod/MAIL.yaml")
    assert done.status == 0
    assert "infra/secrets/prod/mail.yaml are the same file on macOS" in done.stderr


ROOTS = ("infra/secrets", "apps/*/secrets")


@pytest.mark.parametrize(
    ("file", "twin"),
    [
        ("infra/Secrets/a/b.yaml", "infra/Secrets"),
        ("INFRA/secrets/b.yaml", "INFRA/secrets"),
        ("infra/secrets /a/b/c.yaml", "infra/secrets "),
        ("infra/secrets./b.yaml", "infra/secrets."),
        ("infra/s\u0435crets/b.yaml", "infra/s\u0435crets"),
        ("\u0456nfra/secrets/b.yaml", "\u0456nfra/secrets"),
        ("infra/\uff53ecrets/b.yaml", "infra/\uff53ecrets"),
        ("infra\u2215secrets/b.yaml", "infra\u2215secrets"),
        ("infra/sec\u200brets/b.yaml", "infra/sec\u200brets"),
        ("Apps/web/secrets/b.yaml", "Apps"),
    ],
    ids=ascii,
)
def test_a_folder_that_looks_like_a_root(file: str, twin: str) -> None:
    (found,) = twins_of_roots([file, "infra/secrets/a.yaml"], ROOTS)
    assert found == twin
    assert twins_of_roots([file], (*ROOTS, twin)) == {}


@pytest.mark.parametrize(
    "file",
    [
        "infra/secrets/a.yaml", "infra/secrets.yaml", "infra/secret/a.yaml", "infra/secrets2/a.yaml",
        "apps/web/a.yaml", "apps/web/secrets/a.yaml", "docs/infra/secrets/a.yaml", "secrets", "a",
    ],
)  # fmt: skip
def test_a_folder_that_does_not(file: str) -> None:
    assert twins_of_roots([file], ROOTS) == {}
    assert twins_of_roots([file], (".",)) == {}


def test_verify_names_both(place: World) -> None:
    assert place.run("new", "infra/secrets/prod/MAIL.yaml").status == 0
    place.encrypt("infra/secrets/prod/mail\u200b.yaml", "a: b\n")
    place.encrypt("infra/secrets/Prod/x.yaml", "a: b\n")
    place.commit()
    report = json.loads(place.run("verify", "--json").stdout)
    found = [
        (one["check"], one["file"], one["severity"])
        for one in report["findings"]
        if one["severity"] != "note"
    ]
    prod = "infra/secrets/prod"
    assert set(found) == {
        ("twin-names", "infra/secrets/Prod", "warning"),
        ("twin-names", prod, "warning"),
        ("twin-names", f"{prod}/MAIL.yaml", "warning"),
        ("twin-names", f"{prod}/mail.yaml", "warning"),
        ("twin-names", f"{prod}/mail\u200b.yaml", "warning"),
        ("invisible-name", f"{prod}/mail\u200b.yaml", "warning"),
    }
    messages = [one["message"] for one in report["findings"]]
    assert (
        f"{prod}/mail.yaml differs only in case from {prod}/MAIL.yaml"
        f" and only in invisible characters from {prod}/mail\\u200b.yaml"
    ) in messages
    assert (
        f"{prod}/MAIL.yaml differs only in case from {prod}/mail.yaml"
        f" and only in case and invisible characters from {prod}/mail\\u200b.yaml"
    ) in messages
    assert all(text.isascii() for text in messages)


def test_encrypt_warns_of_a_twin_by_case_as_new_does(place: World) -> None:
    (place.repo / "infra/secrets/prod/MAIL.yaml").write_text("a: b\n")
    done = place.run("encrypt", "infra/secrets/prod/MAIL.yaml")
    assert done.status == 0
    assert "infra/secrets/prod/mail.yaml are the same file on macOS" in done.stderr


def test_keys_that_look_the_same_are_a_warning(world: World) -> None:
    file = "infra/secrets/prod/keys.yaml"
    world.encrypt(
        file, "mail: a\nma\u0131l: b\nMAIL: c\nmai\u217c: d\nx:\n  e\u0301: 1\n  \u00e9: 2\n"
    )
    world.commit()
    report = json.loads(world.run("verify", "--json").stdout)
    found = [(one["check"], one["path"]) for one in report["findings"]]
    assert found == [("twin-keys", "mai\u217c"), ("twin-keys", "x.\u00e9")]
