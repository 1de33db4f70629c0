"""The first version of a keyset: fresh or adopted, beside what stands there already."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from plana_secrets.document.references import parse_reference
from plana_secrets.errors import FailedError, MalformedError, UsageError
from plana_secrets.rotation.apply import confirm_keyset, run_move
from plana_secrets.rotation.initialise import Source, init_keyset
from plana_secrets.rotation.keyset import Move
from tests.rotation.examples import ACCEPTED, API, CALLER, COMMIT, FRESH, JWT, KEYSET_JSON, places
from tests.rotation.fleet import ACCOUNT, PORTAL, PROVIDER, Fleet

TODAY = f"{PROVIDER}#stringData.API_KEY"


def put(fleet: Fleet, reference: str, value: str) -> None:
    """What somebody set by hand with sops."""
    file, _, path = reference.partition("#")
    key = path.removeprefix("stringData").lstrip(".").strip('["]')
    fleet.world.sops("set", file, f'["stringData"]["{key}"]', json.dumps(value))
    fleet.world.commit("by hand")


def snapshot(fleet: Fleet) -> dict[str, bytes]:
    folder = fleet.world.repo / "infra"
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(fleet: Fleet, name: str, source: Source, **options: bool) -> str:
    before = snapshot(fleet)
    with pytest.raises((FailedError, UsageError)) as caught:
        init_keyset(fleet.rotation(), name, source, **options)
    assert snapshot(fleet) == before
    return caught.value.kind


def test_an_adopted_api_key_stays_where_it_is_read_today(fleet: Fleet) -> None:
    put(fleet, TODAY, "the key of today")
    before = (fleet.world.repo / PROVIDER).read_text()
    init_keyset(fleet.rotation(), API.name, Source(parse_reference(TODAY)))
    assert fleet.value(TODAY) == fleet.value(CALLER) == "the key of today"
    assert [one["value"] for one in json.loads(fleet.value(ACCEPTED))] == ["the key of today"]
    kept = [line for line in before.splitlines() if "API_KEY:" in line]
    assert kept[0] in (fleet.world.repo / PROVIDER).read_text().splitlines()


@pytest.mark.parametrize(("name", "enough"), [(API.name, 16), (JWT.name, 32)])
def test_a_short_value_is_adopted_and_said_to_be_short(
    fleet: Fleet, name: str, enough: int
) -> None:
    put(fleet, TODAY, "x" * enough)
    source = Source(parse_reference(TODAY))
    assert init_keyset(fleet.rotation(), name, source).weak is None
    fleet.world.git("checkout", "-q", ".")
    fleet.world.git("clean", "-qfd", "infra")
    put(fleet, TODAY, "x" * (enough - 1))
    assert init_keyset(fleet.rotation(), name, source).weak == enough


def test_an_adopted_value_in_data_is_decoded(fleet: Fleet) -> None:
    fleet.world.sops("set", PROVIDER, '["data"]', '{"KEY": "dGhlIGt\\nleQ==\\n"}')
    fleet.world.commit("data")
    init_keyset(fleet.rotation(), API.name, Source(parse_reference(f"{PROVIDER}#data.KEY")))
    assert fleet.value(CALLER) == "the key"


def test_a_target_in_data_is_encoded(fleet: Fleet) -> None:
    policy = fleet.change(API, callers=places(f"{PORTAL}#data.API_KEY"))
    init_keyset(fleet.rotation(), policy.name, FRESH)
    shown = json.loads(fleet.world.sops("decrypt", "--output-type", "json", PORTAL).stdout)
    import base64

    active = fleet.keyset(policy).active.value
    assert active is not None
    assert base64.b64decode(shown["data"]["API_KEY"]) == active.reveal()


def test_a_caller_that_holds_the_adopted_value_already_may_be_the_source(fleet: Fleet) -> None:
    put(fleet, CALLER, "the key of today")
    init_keyset(fleet.rotation(), API.name, Source(parse_reference(CALLER)))
    assert fleet.value(CALLER) == "the key of today"


def test_a_target_that_would_change_its_form_is_not_the_source(fleet: Fleet) -> None:
    put(fleet, ACCEPTED, "the key of today")
    source = Source(parse_reference(ACCEPTED))
    assert refused(fleet, API.name, source) == "adopt-target"
    assert refused(fleet, API.name, source, replace=True) == "adopt-target"


def test_a_value_of_another_keyset_is_not_adopted(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), JWT.name, FRESH)
    assert refused(fleet, API.name, Source(parse_reference(KEYSET_JSON))) == "adopt-target"


def test_a_target_that_holds_a_value_is_replaced_only_on_request(fleet: Fleet) -> None:
    put(fleet, CALLER, "somebody's own key")
    assert refused(fleet, API.name, FRESH) == "target-occupied"
    assert refused(fleet, API.name, FRESH, replace=True) == "value-in-use"
    init_keyset(fleet.rotation(), API.name, FRESH, replace=True, accept_outage=True)
    assert fleet.value(CALLER) == fleet.keyset(API).active.value.reveal_text()


def test_a_list_that_is_there_already_keeps_its_entries(fleet: Fleet) -> None:
    put(fleet, ACCEPTED, '[{"id": "grafana", "value": "by hand"}]')
    done = init_keyset(fleet.rotation(), API.name, FRESH)
    entries = json.loads(fleet.value(ACCEPTED))
    assert [one["id"] for one in entries] == [fleet.keyset(API).active.kid, "grafana"]
    assert done.foreign == ((ACCEPTED, 1),)


def test_an_adopted_key_is_not_kept_in_the_list_under_its_old_id(fleet: Fleet) -> None:
    """Else it would be accepted for ever: nothing would retire the entry made by hand."""
    put(fleet, TODAY, "the key of today")
    put(fleet, ACCEPTED, '[{"id": "portal", "value": "the key of today"}]')
    done = init_keyset(fleet.rotation(), API.name, Source(parse_reference(TODAY)))
    entries = json.loads(fleet.value(ACCEPTED))
    assert entries == [{"id": fleet.keyset(API).active.kid, "value": "the key of today"}]
    assert done.foreign == ()


@pytest.mark.long
def test_a_list_of_another_format_is_not_taken_for_values(fleet: Fleet) -> None:
    """The format was changed in the configuration while there was a JSON list."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    policy = fleet.change(API, format="csv")
    assert refused(fleet, policy.name, Source()) == "target-unreadable"
    init_keyset(fleet.rotation(), policy.name, Source(), replace=True, delivery=COMMIT)
    assert fleet.value(ACCEPTED) == fleet.value(CALLER)


def test_what_is_no_list_needs_replace(fleet: Fleet) -> None:
    put(fleet, ACCEPTED, "one raw key")
    assert refused(fleet, API.name, FRESH) == "target-unreadable"
    assert refused(fleet, API.name, FRESH, replace=True) == "value-in-use"
    init_keyset(fleet.rotation(), API.name, FRESH, replace=True, accept_outage=True)
    assert len(json.loads(fleet.value(ACCEPTED))) == 1


@pytest.mark.parametrize(
    ("policy", "source", "kind"),
    [
        (API, Source(), "init-source"),
        (API, Source(parse_reference(f"{PROVIDER}#stringData.NOTHING")), "adopt-missing"),
        (API, Source(parse_reference("infra/secrets/none.yaml#a")), "target-missing"),
        (replace(API, callers=places("infra/secrets/none.yaml#a")), FRESH, "target-missing"),
        (replace(API, callers=places(f"{PORTAL}#metadata.name")), FRESH, "target-occupied"),
        (replace(API, callers=places(f"{PORTAL}#metadata.note")), FRESH, "readable-path"),
        (replace(API, name="Unknown"), FRESH, "no-keyset"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    fleet: Fleet, policy: object, source: Source, kind: str
) -> None:
    if policy.name == API.name:
        fleet.policies = (policy,)
    assert refused(fleet, policy.name, source) == kind


def test_a_value_is_never_put_where_anybody_reads_it(fleet: Fleet) -> None:
    fleet.change(API, callers=places(f"{PORTAL}#metadata.name"))
    assert refused(fleet, API.name, FRESH, replace=True, accept_outage=True) == "readable-path"


def test_init_again_changes_nothing_and_fills_a_caller_that_was_added(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    before = snapshot(fleet)
    init_keyset(fleet.rotation(), API.name, Source(), delivery=COMMIT)
    assert snapshot(fleet) == before
    assert refused(fleet, API.name, FRESH) == "keyset-exists"
    new = f"{ACCOUNT}#stringData.API_KEY"
    policy = fleet.change(API, callers=places(CALLER, new))
    init_keyset(fleet.rotation(), policy.name, Source(), delivery=COMMIT)
    assert fleet.value(new) == fleet.value(CALLER)


@pytest.mark.long
def test_a_move_over_a_target_that_somebody_changed_is_refused(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    put(fleet, CALLER, "changed at night")
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "target-differs"
    assert CALLER in caught.value.message
    assert "changed at night" not in caught.value.message
    assert fleet.value(CALLER) == "changed at night"
    init_keyset(fleet.rotation(), API.name, Source(), replace=True, delivery=COMMIT)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)


@pytest.mark.long
def test_what_was_mended_by_replace_has_to_be_rolled_out_before_the_next_move(
    fleet: Fleet,
) -> None:
    """Without that callers would move to a key that the provider has only just been given."""
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    entries = json.loads(fleet.value(ACCEPTED))
    put(fleet, ACCEPTED, json.dumps(entries[:1]))
    fleet.pass_time(days=1)
    init_keyset(fleet.rotation(), API.name, Source(), replace=True, delivery=COMMIT)
    assert json.loads(fleet.value(ACCEPTED)) == entries
    assert fleet.keyset(API).keys[1].since == fleet.now
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), API.name, delivery=COMMIT)
    assert caught.value.kind == "too-early"


@pytest.mark.long
def test_a_target_may_be_added_while_an_adopted_secret_retires(fleet: Fleet) -> None:
    put(fleet, f"{ACCOUNT}#stringData.RAW", "the raw secret that all services read")
    source = Source(parse_reference(f"{ACCOUNT}#stringData.RAW"))
    init_keyset(fleet.rotation(), JWT.name, source, delivery=COMMIT)
    fleet.world.sops("unset", ACCOUNT, '["stringData"]["RAW"]')
    fleet.world.commit("all services read the keyset")
    for _ in range(2):
        run_move(fleet.rotation(), JWT.name, delivery=COMMIT)
        fleet.pass_time(minutes=31)
    new = f"{PORTAL}#stringData.JWT"
    policy = fleet.change(JWT, targets=places(KEYSET_JSON, new))
    init_keyset(fleet.rotation(), policy.name, Source(), delivery=COMMIT)
    assert fleet.value(new) == fleet.value(KEYSET_JSON)
    retiring = fleet.keyset(policy).keys[0]
    assert (retiring.kid, retiring.since) == ("legacy", fleet.now)


@pytest.mark.long
def test_slots_come_and_go_with_the_rotation(fleet: Fleet) -> None:
    place = f"{PROVIDER}#stringData.KEY"
    policy = fleet.change(API, format="slots", accepted=places(place))
    init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    run_move(fleet.rotation(), policy.name, delivery=COMMIT)
    old, new = fleet.value(place), fleet.value(f"{place}_NEXT")
    fleet.pass_time(hours=1)
    run_move(fleet.rotation(), policy.name, delivery=COMMIT)
    assert (fleet.value(place), fleet.value(f"{place}_PREVIOUS")) == (new, old)
    assert "KEY_NEXT" not in fleet.world.decrypt(PROVIDER)


@pytest.mark.long
def test_keysets_of_one_provider_share_its_list(fleet: Fleet) -> None:
    app = replace(API, name="pulse-data/app", callers=places(f"{ACCOUNT}#stringData.DATA_KEY"))
    fleet.policies = (API, app)
    for policy in fleet.policies:
        init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    run_move(fleet.rotation(), API.name, delivery=COMMIT)
    ids = [one["id"] for one in json.loads(fleet.value(ACCEPTED))]
    expected = [key.kid for policy in (app, API) for key in fleet.keyset(policy).keys]
    assert ids == expected


@pytest.mark.long
def test_raw_targets_stop_promote_by_name_until_they_are_gone(fleet: Fleet) -> None:
    raw = f"{ACCOUNT}#stringData.OLD_JWT"
    policy = fleet.change(JWT, raw_targets=places(raw))
    init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    run_move(fleet.rotation(), policy.name, Move.PUBLISH, delivery=COMMIT)
    fleet.pass_time(hours=1)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), policy.name, Move.PROMOTE, delivery=COMMIT)
    assert (caught.value.kind, raw in caught.value.message) == ("single-reader", True)
    fleet.change(policy, raw_targets=())
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), policy.name, Move.PROMOTE, delivery=COMMIT)
    assert (caught.value.kind, raw in caught.value.message) == ("removed-still-read", True)
    fleet.world.sops("unset", ACCOUNT, '["stringData"]["OLD_JWT"]')
    fleet.world.commit("no service reads it any more")
    run_move(fleet.rotation(), policy.name, Move.PROMOTE, delivery=COMMIT)


@pytest.mark.long
def test_external_callers_are_waited_for(fleet: Fleet) -> None:
    policy = fleet.change(API, external_callers=("acme", "zeta"))
    init_keyset(fleet.rotation(), policy.name, FRESH, delivery=COMMIT)
    with pytest.raises(FailedError):
        confirm_keyset(fleet.rotation(), policy.name, delivery=COMMIT)
    run_move(fleet.rotation(), policy.name, delivery=COMMIT)
    fleet.pass_time(hours=1)
    confirm_keyset(fleet.rotation(), policy.name, ["acme"], delivery=COMMIT)
    with pytest.raises(FailedError) as caught:
        run_move(fleet.rotation(), policy.name, delivery=COMMIT)
    assert (caught.value.kind, caught.value.facts["names"]) == ("unconfirmed", "zeta")
    with pytest.raises(UsageError):
        confirm_keyset(fleet.rotation(), policy.name, ["nobody"], delivery=COMMIT)
    confirm_keyset(fleet.rotation(), policy.name, delivery=COMMIT)
    run_move(fleet.rotation(), policy.name, delivery=COMMIT)
    assert fleet.keyset(policy).confirmed == ()
    assert fleet.is_clean()


def test_a_keyset_file_under_another_name_is_not_believed(fleet: Fleet) -> None:
    init_keyset(fleet.rotation(), API.name, FRESH, delivery=COMMIT)
    folder = fleet.world.repo / "infra/secrets/keysets/pulse-data"
    copy = replace(
        API, name="pulse-data/copy", accepted=places(f"{ACCOUNT}#stringData.A"), callers=()
    )
    fleet.policies = (API, copy)
    (folder / "copy.yaml").write_bytes((folder / "portal.yaml").read_bytes())
    with pytest.raises(MalformedError) as caught:
        fleet.keyset(copy)
    assert caught.value.kind == "keyset-name"


def test_a_keyset_file_needs_the_rule_of_its_kind(fleet: Fleet) -> None:
    rules = fleet.world.repo / ".sops.yaml"
    rules.write_text(rules.read_text().replace("^value$", "^values$"))
    assert refused(fleet, API.name, FRESH) == "keyset-rule"
