"""Who a file is encrypted for and what of it, beside its rule. Pure."""

from __future__ import annotations

from dataclasses import replace

from plana_secrets.age.bech32 import bech32_encode
from plana_secrets.age.hybrid import RECIPIENT_PREFIX
from plana_secrets.sops.model import Selector
from plana_secrets.sops.rules.rulesfile import parse_rules
from plana_secrets.verify.checks.recipients import check_recipients
from plana_secrets.verify.checks.selectors import check_mac_only, check_selector
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.policy import NamedRecipient, Policy
from plana_secrets.verify.subject import Subject
from tests.verify.checks.subjects import ONE, TWO, rule, short, subject


class TestRecipients:
    def found(self, one: Subject) -> list[tuple[str, str]]:
        return short(check_recipients(one))

    def test_the_set_is_that_of_the_rule(self) -> None:
        assert self.found(subject(ONE, TWO, rule=rule(TWO, ONE))) == []
        assert self.found(subject(ONE, rule=rule(ONE, TWO))) == [("recipients-differ", "error")]
        assert self.found(subject(ONE, TWO, rule=rule(ONE))) == [("recipients-differ", "error")]
        assert self.found(subject(ONE, rule=rule(TWO))) == [("recipients-differ", "error")]
        assert self.found(subject(ONE)) == []

    def test_a_second_entry_under_one_label_may_be_for_anyone(self) -> None:
        error, warning = [("stanza", "error")], [("stanza", "warning")]
        assert self.found(subject(ONE, TWO, ONE, rule=rule(ONE, TWO))) == error
        assert self.found(subject(ONE, ONE)) == warning
        text = f"creation_rules:\n  - age: [{ONE}, {TWO}, {ONE}]\n"
        (repeating,) = parse_rules(text.encode()).creation_rules
        assert self.found(subject(ONE, TWO, ONE, rule=repeating)) == warning
        assert self.found(subject(ONE, TWO, TWO, rule=repeating)) == error

    def test_where_all_must_be_post_quantum_one_classic_recipient_is_named(self) -> None:
        hybrid = bech32_encode(RECIPIENT_PREFIX, bytes(1216))
        policy = Policy(post_quantum=True)
        assert self.found(subject(hybrid, policy=policy)) == []
        assert self.found(subject(ONE)) == []
        assert self.found(subject(ONE, policy=policy)) == [("classic-recipient", "warning")]
        (finding,) = check_recipients(subject(hybrid, ONE, policy=policy))
        assert finding.check == "classic-recipient"
        assert ONE in finding.message
        assert hybrid not in finding.message

    def test_the_policy_demands_a_number_and_names(self) -> None:
        named = {"a": NamedRecipient(name="a", key=TWO, kind="staff")}
        two = Policy(min_recipients=2)
        required = Policy(required=("a",), recipients=named)
        assert self.found(subject(ONE, TWO, policy=two)) == []
        assert [one[0] for one in self.found(subject(ONE, policy=two))] == ["too-few-recipients"]
        assert self.found(subject(ONE, ONE, policy=two)) != []
        assert self.found(subject(TWO, policy=required)) == []
        assert [one[0] for one in self.found(subject(ONE, policy=required))] == [
            "required-recipient"
        ]

    def test_the_comment_of_an_ssh_key_is_that_of_the_rule(self) -> None:
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIyT1fsMk5zBvFkqGnX2tQZ0m6l7hW6Yw1gqjJv0b3xk"
        ours, theirs = f"{key} me", f"{key} password-is-hunter2"
        assert self.found(subject(ours, rule=rule(ours))) == []
        assert self.found(subject(theirs, rule=rule(ours))) == [("recipients-differ", "warning")]
        another = f"{key[:-4]}AAAA me"
        for own, ruled in ((another, ours), (ours, another), (key, another)):
            assert ("recipients-differ", "error") in self.found(subject(own, rule=rule(ruled)))


class TestSelectors:
    regex = Selector("encrypted_regex", "^(data|stringData)$")
    odd = Selector("encrypted_regex", "^password$")

    def found(self, one: Subject) -> list[str]:
        return [finding.check for finding in check_selector(one)]

    def test_the_selector_is_that_of_the_rule(self) -> None:
        assert self.found(subject(ONE, rule=rule(ONE))) == []
        assert (
            self.found(subject(ONE, selector=self.regex, rule=rule(ONE, selector=self.regex))) == []
        )
        assert self.found(subject(ONE, selector=self.regex, rule=rule(ONE))) == ["selector-differs"]
        default = Selector("unencrypted_suffix", "_unencrypted")
        assert self.found(subject(ONE, selector=default, rule=rule(ONE))) == []

    def test_without_a_rule_it_is_said_once_there_are_rules(self) -> None:
        assert self.found(subject(ONE)) == ["no-rule"]
        assert self.found(subject(ONE, rules_known=False)) == []

    def test_another_one_has_to_be_allowed(self) -> None:
        own = subject(ONE, selector=self.odd, rules_known=False)
        assert self.found(own) == ["selector-not-allowed"]
        assert self.found(replace(own, policy=Policy(selectors=("^password$",)))) == []
        suffix = subject(
            ONE, selector=Selector("encrypted_suffix", "^password$"), rules_known=False
        )
        allowed = replace(suffix, policy=Policy(selectors=("^password$",)))
        assert self.found(allowed) == ["selector-not-allowed"]
        broken = subject(ONE, selector=Selector("encrypted_regex", "("), rules_known=False)
        assert self.found(replace(broken, policy=Policy(selectors=("(",)))) == [
            "selector-not-allowed"
        ]

    def test_a_mac_over_half_of_the_file_is_found(self) -> None:
        assert list(check_mac_only(subject(ONE))) == []
        findings: list[Finding] = list(check_mac_only(subject(ONE, mac_only=True)))
        assert [(one.check, one.line) for one in findings] == [("mac-only", 5)]
