"""What services read: unions, foreign entries, slots, raw texts, base64."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.references import parse_reference
from plana_secrets.errors import FailedError, MalformedError
from plana_secrets.rotation.dating import stamp
from plana_secrets.rotation.inforce import recorded_retire_wait
from plana_secrets.rotation.keyset import Keyset, Move, found_keyset
from plana_secrets.rotation.kinds.api_key.policy import ApiKeyPolicy
from plana_secrets.rotation.kinds.api_key.texts import render_csv, render_json
from plana_secrets.rotation.kinds.jwt_hs256.policy import JwtPolicy
from plana_secrets.rotation.kinds.jwt_hs256.texts import key_bytes, render_keyset
from plana_secrets.rotation.material import WITHHELD, make_fingerprint, matches_fingerprint
from plana_secrets.rotation.policy import KeysetPolicy
from plana_secrets.rotation.render import (
    RenderedLeaf,
    decode_base64,
    expected_leaves,
)
from plana_secrets.rotation.targets import find_conflict, rendered_references, targets_of
from plana_secrets.secret import Secret
from tests.rotation.examples import (
    ACCEPTED,
    API,
    CALLER,
    JWT,
    KEYSET_JSON,
    START,
    after,
    counting_material,
    places,
)


def in_state(policy: KeysetPolicy, moves: list[Move], make=None) -> Keyset:
    make, now = make or counting_material(), START
    keyset = stamp(found_keyset(policy.name, policy.kind, make()), now)
    for move in moves:
        now += timedelta(days=30)
        keyset = stamp(after(keyset, move, policy, now, make), now)
    return keyset


def render(
    policies: list[KeysetPolicy],
    keysets: list[Keyset],
    present: dict[str, str] | None = None,
    in_data: tuple[str, ...] = (),
) -> dict[str, RenderedLeaf]:
    here = {place: Secret.from_text(text) for place, text in (present or {}).items()}
    leaves = expected_leaves(
        policies,
        {keyset.name: keyset for keyset in keysets},
        current=lambda reference: here.get(str(reference)),
        is_base64=lambda reference: str(reference) in in_data,
    )
    return {str(leaf.reference): leaf for leaf in leaves}


def text(leaf: RenderedLeaf) -> str:
    assert leaf.value is not None
    return leaf.value.reveal_text()


def value_of(keyset: Keyset, at: int) -> str:
    value = keyset.keys[at].value
    assert value is not None
    return value.reveal_text()


def test_a_provider_accepts_both_keys_and_the_caller_sends_the_active_one() -> None:
    keyset = in_state(API, [Move.PUBLISH, Move.PROMOTE])
    leaves = render([API], [keyset])
    assert json.loads(text(leaves[ACCEPTED])) == [
        {"id": keyset.keys[0].kid, "value": value_of(keyset, 0)},
        {"id": keyset.keys[1].kid, "value": value_of(keyset, 1)},
    ]
    assert text(leaves[CALLER]) == value_of(keyset, 1)


def test_keysets_of_one_provider_render_their_union_in_the_order_of_their_names() -> None:
    make = counting_material()
    other = replace(API, name="pulse-data/app", callers=())
    late, early = in_state(API, [], make), in_state(other, [Move.PUBLISH], make)
    leaf = render([API, other], [late, early])[ACCEPTED]
    kids = [entry["id"] for entry in json.loads(text(leaf))]
    assert kids == [early.keys[0].kid, early.keys[1].kid, late.keys[0].kid]
    assert leaf.keysets == ("pulse-data/app", "pulse-data/portal")


def test_a_keyset_that_does_not_exist_yet_is_no_part_of_the_union() -> None:
    other = replace(API, name="pulse-data/app", callers=())
    leaf = render([API, other], [in_state(API, [])])[ACCEPTED]
    assert leaf.keysets == (API.name,)


def test_entries_that_no_keyset_owns_are_kept_and_counted() -> None:
    keyset = in_state(API, [Move.PUBLISH, Move.PROMOTE, Move.RETIRE])
    stranger = {"id": "grafana", "value": "made by hand", "note": "kept too"}
    old = {"id": keyset.keys[0].kid, "value": value_of(keyset, 0)}
    present = json.dumps([stranger, old])
    leaf = render([API], [keyset], {ACCEPTED: present})[ACCEPTED]
    entries = json.loads(text(leaf))
    assert entries[1:] == [stranger]
    assert [entry["id"] for entry in entries] == [keyset.keys[1].kid, "grafana"]
    assert leaf.foreign == 1


@pytest.mark.parametrize(
    "present", ["hunter2", "{}", '["a"]', '[{"id": 1, "value": "x"}]', "[" * 100_000]
)
def test_what_is_no_list_is_not_overwritten(present: str) -> None:
    with pytest.raises(MalformedError) as caught:
        render([API], [in_state(API, [])], {ACCEPTED: present})
    assert caught.value.kind == "target-unreadable"
    assert caught.value.facts["name"] == API.name
    assert "hunter2" not in caught.value.message


def test_csv_holds_values_and_drops_those_that_were_retired_or_destroyed() -> None:
    policy = replace(API, format="csv")
    for moves in ([Move.PUBLISH, Move.PROMOTE, Move.RETIRE], [Move.PUBLISH, Move.PROMOTE, Move.RETIRE, Move.DESTROY]):  # fmt: skip
        first = value_of(in_state(policy, []), 0)
        keyset = in_state(policy, moves)
        leaf = render([policy], [keyset], {ACCEPTED: f"stranger, {first} ,"})[ACCEPTED]
        assert text(leaf) == f"{value_of(keyset, 1)},stranger"
        assert leaf.foreign == 1


def test_slots_hold_one_value_each_and_an_empty_slot_is_not_there() -> None:
    policy = replace(API, format="slots", callers=())
    seen = []
    for moves in ([], [Move.PUBLISH], [Move.PUBLISH, Move.PROMOTE], [Move.PUBLISH, Move.PROMOTE, Move.RETIRE]):  # fmt: skip
        keyset = in_state(policy, moves)
        leaves = render([policy], [keyset])
        values = [leaves[f"{ACCEPTED}{end}"].value for end in ("", "_NEXT", "_PREVIOUS")]
        kids = {key.value.reveal(): key.kid[-1] for key in keyset.keys if key.value is not None}
        seen.append("".join(kids[one.reveal()] if one is not None else "-" for one in values))
    assert seen == ["1--", "12-", "2-1", "2--"]


def test_data_of_a_secret_holds_base64() -> None:
    leaf = render([API], [in_state(API, [])], in_data=(CALLER,))[CALLER]
    assert base64.b64decode(text(leaf)).decode() == value_of(in_state(API, []), 0)


def test_a_jwt_keyset_is_exactly_the_documented_json() -> None:
    keyset = in_state(JWT, [Move.PUBLISH])
    first, second = keyset.keys
    assert text(render([JWT], [keyset])[KEYSET_JSON]) == json.dumps(
        {
            "version": 2,
            "active": first.kid,
            "keys": [
                {"kid": first.kid, "kty": "oct", "alg": "HS256", "k": value_of(keyset, 0)},
                {"kid": second.kid, "kty": "oct", "alg": "HS256", "k": value_of(keyset, 1)},
            ],
            "legacy": None,
        },
        separators=(",", ":"),
    )


def test_a_disabled_secret_is_in_no_service_file() -> None:
    keyset = in_state(JWT, [Move.PUBLISH, Move.PROMOTE, Move.RETIRE])
    kids = [key["kid"] for key in json.loads(text(render([JWT], [keyset])[KEYSET_JSON]))["keys"]]
    assert kids == [keyset.active.kid]


def test_tokens_without_kid_have_a_key_and_from_promote_on_an_end() -> None:
    make = counting_material()
    legacy = JWT.adopt(Secret(b"the raw secret that services read today"))
    keyset = stamp(found_keyset(JWT.name, JWT.kind, legacy), START)
    ends = []
    for move in (Move.PUBLISH, Move.PROMOTE, Move.RETIRE):
        keyset = after(keyset, move, JWT, START + timedelta(days=1), make)
        for stage in (keyset, stamp(keyset, START)):
            rendered = json.loads(
                render_keyset(stage, recorded_retire_wait(stage, JWT)).reveal_text()
            )
            ends.append(rendered["legacy"])
        keyset = stamp(keyset, START)
    open_end = {"kid": "legacy", "until": None}
    known_end = {"kid": "legacy", "until": "2026-11-23T10:46:00Z"}
    assert ends == [open_end, open_end, open_end, known_end, None, None]


def test_a_raw_target_holds_the_text_that_signs() -> None:
    policy = replace(JWT, raw_targets=places("infra/secrets/prod/old.yaml#jwt"))
    for material in (policy.adopt(Secret(b"a raw secret")), policy.generate()):
        keyset = found_keyset(policy.name, policy.kind, material)
        leaves = render([policy], [keyset])
        raw = text(leaves["infra/secrets/prod/old.yaml#jwt"])
        whole = jwt.PyJWKSet.from_dict(json.loads(text(leaves[KEYSET_JSON])))
        assert whole.keys[0].key == raw.encode()
        assert raw.isprintable()


def test_a_generated_secret_is_32_bytes_and_never_the_same() -> None:
    one, two = JWT.generate(), JWT.generate()
    assert len(key_bytes(one.value)) == 32
    assert one.value != two.value
    assert one.kid != two.kid
    assert len(base64.urlsafe_b64decode(API.generate().value.reveal() + b"=")) == 32


@pytest.mark.parametrize("content", [b"", b"two\nlines", b" outer ", b"\xff\xfe", b"tab\there"])
def test_a_value_that_no_header_carries_is_not_adopted(content: bytes) -> None:
    with pytest.raises(FailedError) as caught:
        API.adopt(Secret(content))
    assert caught.value.kind == "bad-adopted-value"


def test_a_comma_is_not_adopted_into_a_csv_list() -> None:
    API.adopt(Secret(b"a,b"))
    with pytest.raises(FailedError):
        replace(API, format="csv").adopt(Secret(b"a,b"))


def test_every_rendered_leaf_is_known_by_its_owner() -> None:
    slots = replace(API, name="pulse-data/slots", format="slots", accepted=places("a.yaml#k.ey"))
    owners = rendered_references([slots, API, JWT, replace(API, name="pulse-data/app")])
    assert owners[ACCEPTED] == "pulse-data/app, pulse-data/portal"
    assert owners[KEYSET_JSON] == JWT.name
    assert owners["a.yaml#k.ey_PREVIOUS"] == "pulse-data/slots"
    for policy in (slots, API, JWT):
        assert {str(one) for one in targets_of(policy)} <= set(owners)


def test_a_reference_is_known_however_the_configuration_spells_it() -> None:
    policy = replace(JWT, targets=places('./infra/a.yaml#["plain"]["odd.key"]'))
    assert list(rendered_references([policy])) == ['infra/a.yaml#plain["odd.key"]']


@pytest.mark.parametrize(
    "policies",
    [
        [API, replace(API, name="b", callers=(), format="csv")],
        [replace(API, format="slots"), replace(API, name="b", callers=(), format="slots")],
        [API, replace(API, name="b", accepted=places("x.yaml#a"))],
        [API, JwtPolicy(name="b", targets=places(ACCEPTED))],
        [JWT, replace(JWT, name="b")],
        [ApiKeyPolicy(name="b", accepted=places("x.yaml#a"), callers=places("x.yaml#a"))],
        [replace(API, accepted=places("x.yaml#a", "./x.yaml#a"))],
    ],
    ids=["formats", "slots", "callers", "kinds", "jwt", "own caller", "twice"],
)
def test_one_place_for_two_renderings_is_a_conflict(policies: list[KeysetPolicy]) -> None:
    found = find_conflict(policies)
    assert found is not None
    assert found.keyset in {one.name for one in policies}


def test_lists_of_one_format_may_be_shared() -> None:
    assert find_conflict([API, replace(API, name="b", callers=())]) is None


ENTRY = st.fixed_dictionaries({"id": st.text(max_size=5), "value": st.text(max_size=5)})


@given(st.lists(ENTRY, max_size=4))
def test_rendering_a_json_list_again_changes_nothing(strangers: list[dict[str, str]]) -> None:
    keyset = in_state(API, [Move.PUBLISH])
    once = render_json([keyset], Secret.from_text(json.dumps(strangers)))
    twice = render_json([keyset], once.content)
    assert once == twice
    assert once.foreign == len(strangers)


@given(st.lists(st.text("abc \u00e9", min_size=1, max_size=4), max_size=4))
def test_rendering_a_csv_list_again_changes_nothing(strangers: list[str]) -> None:
    keyset = in_state(API, [Move.PUBLISH])
    once = render_csv([keyset], Secret.from_text(",".join(strangers)))
    assert render_csv([keyset], once.content) == once


def test_a_fingerprint_knows_its_value_and_is_withheld_of_what_could_be_guessed() -> None:
    keyset = in_state(API, [])
    value = keyset.active.value
    assert value is not None
    one, two = make_fingerprint(keyset.active), make_fingerprint(keyset.active)
    assert one != two
    for fingerprint in (one, two):
        assert matches_fingerprint(fingerprint, value)
        assert not matches_fingerprint(fingerprint, Secret(b"another"))
    for weak in (b"hunter2", b"a" * 42, b"a" * 44):
        guessable = replace(keyset.active, value=Secret(weak))
        assert make_fingerprint(guessable) == WITHHELD
    legacy = replace(keyset.active, kid="legacy")
    assert make_fingerprint(legacy) == WITHHELD
    assert not matches_fingerprint(WITHHELD, value)


@pytest.mark.parametrize("text", ["no base64", "YQ=", "\u00e4", "YQ==YQ=="])
def test_what_is_no_base64_in_data_is_an_error_that_names_the_place(text: str) -> None:
    place = parse_reference("a.yaml#data.key")
    with pytest.raises(MalformedError) as caught:
        decode_base64(Secret.from_text(text), place, "shop")
    assert (caught.value.kind, caught.value.facts["name"]) == ("target-unreadable", "shop")
    assert "a.yaml#data.key" in caught.value.message
    assert text not in caught.value.message
