"""Who could read before and who can now; rules and settings that are weaker."""

from __future__ import annotations

import pyrage
import pytest

from tests.verify.inprocess import checks, of_check, verify, write
from tests.verify.ranges.inprocess import errors, verify_commits, warnings
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
SETTINGS = "plana-secrets.toml"
RULES = "creation_rules:\n    - path_regex: ^infra/secrets/.*\\.yaml$\n      age: {recipients}\n"
POLICY = """\
[files]
roots = ["infra/secrets", "more"]
plain = ["**/README.md"]

[policy]
min_recipients = 1
required = ["me"]
named = false

[recipients.me]
key = "{me}"
kind = "staff"
"""


@pytest.fixture
def small(world: World) -> World:
    world.write_rules(RULES)
    write(world, SETTINGS, POLICY.replace("{me}", str(world.identity.to_public())))
    world.encrypt(APP, "user: admin\n")
    world.commit()
    world.git("tag", "base")
    return world


def add_recipient(world: World) -> str:
    world.others.append(pyrage.x25519.Identity.generate())
    return str(world.others[-1].to_public())


def add_rule_for_another(world: World, folder: str) -> str:
    """Commit a rule by which another reads ``folder``, too; nobody else changes."""
    recipient = add_recipient(world)
    mine = str(world.identity.to_public())
    rule = f"    - path_regex: ^{folder}\n      age: {mine},{recipient}\n"
    world.others.clear()
    world.write_rules(RULES.replace("creation_rules:\n", f"creation_rules:\n{rule}"))
    world.commit()
    return recipient


def test_a_recipient_that_no_one_knows(small: World) -> None:
    recipient = add_recipient(small)
    small.write_rules(RULES)
    small.encrypt(APP, "user: admin\n")
    small.commit()
    (finding,) = of_check(verify_commits(small, "base.."), "recipient-added")
    assert (finding.severity, recipient in finding.message) == ("error", True)
    assert (finding.file, finding.line) == (".sops.yaml", 2)


def test_a_recipient_that_the_base_names_is_a_warning(small: World) -> None:
    recipient = add_recipient(small)
    with (small.repo / SETTINGS).open("a") as settings:
        settings.write(f'\n[recipients.bob]\nkey = "{recipient}"\nkind = "staff"\n')
    small.commit()
    assert errors(verify_commits(small, "base..")) == []
    small.git("tag", "-f", "base")
    small.write_rules(RULES)
    small.encrypt(APP, "user: admin\n")
    small.commit()
    report = verify_commits(small, "base..")
    assert errors(report) == []
    assert [one[0] for one in warnings(report) if one[0] != "empty-root"] == ["recipient-added"]


def test_a_name_in_the_same_change_does_not_make_it_known(small: World) -> None:
    recipient = add_recipient(small)
    with (small.repo / SETTINGS).open("a") as settings:
        settings.write(f'\n[recipients.eve]\nkey = "{recipient}"\nkind = "staff"\n')
    small.write_rules(RULES)
    small.encrypt(APP, "user: admin\n")
    small.commit()
    assert [one[0] for one in errors(verify_commits(small, "base.."))] == ["recipient-added"]


def test_a_file_that_moves_to_where_others_read(small: World) -> None:
    recipient = add_rule_for_another(small, "infra/secrets/shared/")
    small.git("tag", "-f", "base")
    (small.repo / "infra/secrets/shared").mkdir()
    small.git("mv", APP, "infra/secrets/shared/app.yaml")
    small.sops("updatekeys", "-y", "infra/secrets/shared/app.yaml")
    small.commit()
    report = verify_commits(small, "base..")
    (finding,) = of_check(report, "recipient-added")
    assert (finding.severity, finding.file) == ("warning", "infra/secrets/shared/app.yaml")
    assert recipient in finding.message
    assert APP in finding.message
    assert errors(report) == []


def test_a_recipient_who_leaves(small: World) -> None:
    add_recipient(small)
    small.write_rules(RULES)
    small.encrypt(APP, "user: admin\n")
    small.commit()
    small.git("tag", "-f", "base")
    small.others.clear()
    small.write_rules(RULES)
    small.sops("updatekeys", "-y", APP)
    small.commit()
    report = verify_commits(small, "base..")
    (finding,) = of_check(report, "recipient-removed")
    assert errors(report) == []
    assert "same data key" in finding.message


@pytest.mark.parametrize(
    ("old", "new", "setting"),
    [
        ("named = false", 'selectors = ["^x$"]', "policy.selectors"),
        ('required = ["me"]\n', "", "policy.required"),
        (', "more"', "", "files.roots"),
        ('["**/README.md"]', '["**/README.md", "**/app.yaml"]', "files.plain"),
        (
            "[recipients.me]",
            (
                '[[verify.accept]]\ncheck = "no-rule"\nfile = "a"\nreason = "b"\n'
                "until = 2099-01-01\n\n[recipients.me]"
            ),
            "verify.accept",
        ),
    ],
)
def test_a_setting_that_demands_less(small: World, old: str, new: str, setting: str) -> None:
    settings = small.repo / SETTINGS
    text = settings.read_text()
    assert old in text
    settings.write_text(text.replace(old, new))
    small.encrypt("infra/secrets/other.yaml", "a: b\n")
    small.commit()
    report = verify_commits(small, "base..")
    assert errors(report) == [("policy-weakened", SETTINGS, setting)]
    (finding,) = of_check(report, "policy-weakened")
    assert setting not in finding.message  # the path says it
    settings.write_text(text)
    small.git("commit", "-qam", "x")
    assert errors(verify_commits(small, "HEAD~1..")) == []


def test_to_deploy_from_another_remote_is_weaker_than_what_the_clone_has(small: World) -> None:
    small.git("remote", "add", "origin", "https://git.example.com/x.git")
    settings = small.repo / SETTINGS
    text = settings.read_text()
    for remote in ("origin", "mine"):
        settings.write_text(f'{text}\n[git]\nremote = "{remote}"\n')
        small.git("commit", "-qam", "x")
        report = verify_commits(small, "HEAD~1..")
        expected = [("policy-weakened", SETTINGS, "git.remote")]
        assert errors(report) == (expected if remote == "mine" else [])
    (finding,) = of_check(report, "policy-weakened")
    assert finding.message == "changed from origin to mine"
    # the checkout is that of the change, and git knows no such remote
    done = small.run("verify", "--range", "base..")
    assert (done.status, "git.remote: added: mine" in done.stdout) == (1, True)
    assert "git.remote: mine (weaker)" in small.run("diff", "base", "HEAD").stdout


def test_rules_for_a_folder_without_a_file_yet(small: World) -> None:
    """By them the next file there is written, and a later range would have them at its base."""
    stranger = pyrage.x25519.Identity.generate().to_public()
    nested = "infra/secrets/new/.sops.yaml"
    write(small, nested, f"creation_rules:\n    - age: {stranger}\n")
    small.commit()
    assert errors(verify_commits(small, "base..")) == [("recipient-added", nested, None)]


def test_the_head_cannot_accept_what_it_brings(small: World) -> None:
    settings = small.repo / SETTINGS
    small.encrypt("infra/secrets/x/app.yaml", "a: b\n")
    good = (small.repo / APP).read_text()
    write(small, APP, good.replace("\nsops:", "\nk=v: null\nsops:"))
    accept = f'[[verify.accept]]\ncheck = "value-in-key-name"\nfile = "{APP}"\nreason = "x"\n'
    with settings.open("a") as file:
        file.write(f"\n{accept}until = 2099-01-01\n")
    small.commit()
    found = {one[0] for one in errors(verify_commits(small, "base.."))}
    assert {"policy-weakened", "changed-without-sops"} <= found


def test_a_history_of_its_own_brings_no_policy_of_its_own(small: World) -> None:
    small.git("checkout", "-q", "--orphan", "other")
    settings = (small.repo / SETTINGS).read_text().replace('required = ["me"]', "")
    write(small, SETTINGS, settings)
    added = add_recipient(small)
    small.write_rules(RULES)
    small.encrypt(APP, "user: admin\n")
    small.commit()
    report = verify_commits(small, "base..")
    assert [one[:2] for one in errors(report)] == [
        ("policy-weakened", SETTINGS), ("recipient-added", ".sops.yaml")
    ]  # fmt: skip
    assert added in str(report)


def test_an_exception_of_the_base_counts_and_is_never_called_unused(small: World) -> None:
    recipient = add_recipient(small)
    with (small.repo / SETTINGS).open("a") as settings:
        settings.write(
            '\n[[verify.accept]]\ncheck = "recipient-added"\nfile = ".sops.yaml"\n'
            'reason = "x"\nuntil = 2099-01-01\n'
        )
    small.git("commit", "-qam", "x")
    small.git("tag", "-f", "base")
    assert checks(verify(small)) == [("empty-root", SETTINGS, "files.roots[1]")]
    small.write_rules(RULES)
    small.encrypt(APP, "user: admin\n")
    small.commit()
    report = verify_commits(small, "base..")
    assert (errors(report), report.suppressed, recipient in str(report)) == ([], 1, False)


@pytest.mark.parametrize(
    "rules",
    [
        (
            "creation_rules:\n    - path_regex: app\n      encrypted_regex: ^nope$\n"
            "      age: {recipients}\n    - age: {recipients}\n"
        ),
        RULES + "      encrypted_regex: ^password$\n",
    ],
)
def test_a_rule_that_encrypts_less(small: World, rules: str) -> None:
    small.write_rules(rules)
    small.commit()
    assert ("policy-weakened", ".sops.yaml", None) in errors(verify_commits(small, "base.."))


def test_a_rule_for_files_to_come(small: World) -> None:
    add_rule_for_another(small, "infra/secrets/new/")
    (finding,) = of_check(verify_commits(small, "base.."), "recipient-added")
    assert finding.severity == "error"


def test_rules_in_a_folder_below(small: World) -> None:
    add_recipient(small)
    rules = f"creation_rules:\n    - age: {small.recipients}\n"
    write(small, "infra/secrets/dev/.sops.yaml", rules)
    small.commit()
    found = errors(verify_commits(small, "base.."))
    assert ("recipient-added", "infra/secrets/dev/.sops.yaml", None) in found
    assert [one[1] for one in found if one[0] == "recipient-added"] == [found[0][1]]


def test_attributes_that_the_range_brings_are_no_old_ones(small: World) -> None:
    write(small, ".gitattributes", "infra/secrets/** filter=x\n")
    small.commit()
    assert errors(verify_commits(small, "base..")) == [("git-attributes", APP, None)]
    small.git("commit", "-q", "--allow-empty", "-m", "x")
    assert errors(verify_commits(small, "HEAD~1..")) == []


def test_new_rules_for_new_files_of_the_same_people_are_fine(small: World) -> None:
    rule = "    - path_regex: ^infra/secrets/new/\n      age: {recipients}\n"
    small.write_rules(RULES.replace("creation_rules:\n", f"creation_rules:\n{rule}"))
    small.encrypt("infra/secrets/new/a.yaml", "a: b\n")
    small.commit()
    assert errors(verify_commits(small, "base..")) == []


def test_the_first_rules_of_a_repository_are_no_weaker_ones(world: World) -> None:
    write(world, "README.md", "x\n")
    world.git("add", "README.md")
    world.git("commit", "-qm", "first")
    world.encrypt(APP, "a: b\n")
    world.commit()
    assert errors(verify_commits(world, "HEAD~1..HEAD")) == []
