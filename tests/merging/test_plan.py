"""What a merge decides: values, comments, recipients, data keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.emit import emit_yaml
from plana_secrets.document.kinds import KEYSET_SELECTOR, SECRET_MANIFEST_SELECTOR
from plana_secrets.document.merge import units_of
from plana_secrets.merging.plan import Plan, merge_names, plan_merge
from plana_secrets.merging.reasons import WHOLE, Reason
from plana_secrets.merging.remarks import comments_of
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.writing.judge import describe
from tests.document.test_merge import Tree, check_document, content_of, trees
from tests.merging.sides import rule, side


def never(_value: object) -> bool:
    return False


def plan(base: Tree | None, ours: Tree, theirs: Tree, **options: Any) -> Plan:
    options.setdefault("is_revoked", never)
    before = None if base is None else side(base)
    return plan_merge(before, side(ours), side(theirs), rule(), **options)


def test_what_is_rendered_is_no_question_and_what_is_not_is_one() -> None:
    def combine(path: LeafPath, values: Sequence[Secret | None]) -> Secret | None:
        assert values == tuple(Secret(one) for one in (b"0", b"1", b"2"))
        return Secret(b"both") if path == ("list",) else None

    sides = [{"list": text, "other": text} for text in "012"]
    found = plan(*sides, combine=combine)
    assert [one.path for one in found.conflicts] == [("other",)]
    found = plan(*sides, combine=combine, choices={("other",): "theirs"})
    assert found.content is not None
    assert units_of(found.content) == units_of(content_of({"list": "both", "other": "2"}))

    def is_both(value: Secret) -> bool:
        return value == Secret(b"both")

    found = plan(*sides, combine=combine, choices={("other",): "ours"}, is_revoked=is_both)
    assert [(one.reason, one.path) for one in found.conflicts] == [
        (Reason.BOTH_CHANGED, ("other",)),
        (Reason.REVOKED, ("list",)),
    ]


def keys(tree: Tree) -> Tree:
    """The same tree with a comment before each of its top keys that holds a text."""
    found: Tree = {}
    for step, below in tree.items():
        if isinstance(below, str):
            found[f"# {step}{below}"] = ""
        found[step] = below
    return found


@given(base=trees, ours=trees, theirs=trees, talk=st.tuples(*[st.booleans()] * 3))
def test_a_clean_merge_is_that_of_the_plain_values_and_alike_from_both_sides(
    base: Tree, ours: Tree, theirs: Tree, talk: tuple[bool, bool, bool]
) -> None:
    """Each value is that of the side that changed it; each comment too."""
    base, ours, theirs = (
        keys(tree) if has else tree for tree, has in zip((base, ours, theirs), talk, strict=True)
    )
    one, other = plan(base, ours, theirs), plan(base, theirs, ours)
    assert {str(each) for each in one.conflicts} == {str(each) for each in other.conflicts}
    if one.content is None or other.content is None:
        assert one.conflicts
        assert other.content is None
        return
    sides = [units_of(content_of(tree)) for tree in (base, ours, theirs)]
    result = units_of(one.content)
    for unit in {*result, *(path for units in sides for path in units)}:
        before, here, there = (units.get(unit) for units in sides)
        assert result.get(unit) == (there if here == before else here), unit
    assert describe(one.content)[1] == describe(other.content)[1]
    assert units_of(other.content) == result
    check_document(one.content)


@given(tree=trees, talk=st.booleans())
def test_what_one_side_left_alone_is_as_the_other_has_it(tree: Tree, talk: bool) -> None:
    base = {"a": "1", "# note": "", "b": ["1", "2"]}
    changed = keys(tree) if talk else tree
    for ours, theirs in ((base, changed), (changed, base)):
        merged = plan(base, ours, theirs).content
        assert merged is not None
        assert describe(merged)[1] == describe(content_of(changed))[1]
        assert units_of(merged) == units_of(content_of(changed))


def text(content: Any) -> str:
    return emit_yaml(content.items, content.values).reveal_text()


def test_comments_of_both_sides_stay_where_they_were() -> None:
    base = {"# top": "", "a": "1", "# old": "", "m": {"x": "1"}}
    ours = {"# top": "", "# of a": "", "a": "1", "# old": "", "m": {"x": "1"}, "# end": ""}
    theirs = {
        "# top": "",
        "a": "1",
        "m": {"# inside": "", "x": "1", "y": "2"},
        "# new": "",
        "z": "3",
    }
    merged = plan(base, ours, theirs).content
    assert text(merged) == (
        '# top\n# of a\n"a": "1"\n"m":\n    # inside\n    "x": "1"\n    "y": "2"\n'
        '# new\n"z": "3"\n# end\n'
    )


def test_a_comment_that_both_added_is_there_once() -> None:
    both = {"# why": "", "a": "1"}
    merged = plan({"a": "1"}, both, {**both, "b": "2"}).content
    assert merged is not None
    assert list(comments_of(merged).values()) == [1]


def test_a_conflict_names_its_value_and_a_choice_settles_it() -> None:
    base, ours, theirs = {"a": "1", "b": "1"}, {"a": "2", "b": "1"}, {"a": "3", "b": "2"}
    found = plan(base, ours, theirs)
    assert [(one.reason, one.path) for one in found.conflicts] == [(Reason.BOTH_CHANGED, ("a",))]
    assert found.content is None
    for choice, value in (("ours", "2"), ("theirs", "3")):
        chosen = plan(base, ours, theirs, choices={("a",): choice}).content
        assert chosen is not None
        assert units_of(chosen) == units_of(content_of({"a": value, "b": "2"}))


def test_two_new_files_merge_where_they_agree() -> None:
    assert plan(None, {"a": "1", "b": "1"}, {"a": "1", "c": "1"}).content is not None
    assert plan(None, {"a": "1"}, {"a": "2"}).content is None


def test_a_revoked_value_comes_back_from_neither_a_merge_nor_a_choice() -> None:
    def is_revoked(value: Any) -> bool:
        return bool(value.reveal() == b"3")

    base, theirs = {"a": "1", "b": "1"}, {"a": "3", "b": "2"}
    found = plan(base, base, theirs, is_revoked=is_revoked)
    assert [(one.reason, one.path) for one in found.conflicts] == [(Reason.REVOKED, ("a",))]
    refused = plan(base, base, theirs, is_revoked=is_revoked, choices={("a",): "theirs"})
    assert refused.content is None
    chosen = plan(base, base, theirs, is_revoked=is_revoked, choices={("a",): "ours"}).content
    assert chosen is not None
    assert units_of(chosen) == units_of(content_of({"a": "1", "b": "2"}))


people = st.frozensets(st.sampled_from(["age1a", "age1b", "age1c", "age1d"]), min_size=1)


@given(
    base=people,
    ours=people,
    theirs=people,
    wanted=people,
    renewed=st.tuples(st.booleans(), st.booleans()),
)
def test_a_merge_is_for_the_people_of_the_rule_and_never_wider(
    base: frozenset[str],
    ours: frozenset[str],
    theirs: frozenset[str],
    wanted: frozenset[str],
    renewed: tuple[bool, bool],
) -> None:
    """And no one knows its data key who could read a version with it and may not read it."""
    tree = {"a": "1"}
    before = side(tree, "old", base)
    here = side(tree, "here" if renewed[0] else "old", ours)
    there = side(tree, "there" if renewed[1] else "old", theirs)
    merged = merge_names(base, here, there)
    assert merged <= ours | theirs
    assert not merged & ((base - ours) | (base - theirs))
    found = plan_merge(before, here, there, rule(wanted), is_revoked=never)
    assert (found.content is not None) == (merged == wanted)
    if found.content is None:
        assert [one.reason for one in found.conflicts] == [Reason.RECIPIENTS]
        return
    start = here if found.start == "ours" else there
    knowing = {
        one for each in (before, here, there) if each.key == start.key for one in each.recipients
    }
    assert found.new_data_key == bool(knowing - wanted)
    if renewed == (False, True):
        assert found.start == "theirs"


def test_by_the_word_of_a_person_it_is_for_the_rule() -> None:
    tree = {"a": "1"}
    sides = [side(tree, "key", {"age1a"})] * 3
    assert plan_merge(*sides, rule({"age1a", "age1b"}), is_revoked=never).content is None
    asked = plan_merge(*sides, rule({"age1a", "age1b"}), is_revoked=never, by_rule=True)
    assert asked.content is not None


def test_the_side_that_is_encrypted_by_its_rule_is_written_on() -> None:
    tree = {"data": {"a": "1"}}
    old, new = side(tree), side(tree, selector=SECRET_MANIFEST_SELECTOR)
    by_rule = rule(selector=SECRET_MANIFEST_SELECTOR)
    assert plan_merge(old, old, new, by_rule, is_revoked=never).start == "theirs"
    found = plan_merge(old, old, old, by_rule, is_revoked=never)
    assert [one.reason for one in found.conflicts] == [Reason.SELECTOR]


def test_a_secret_that_kubernetes_would_refuse_is_a_conflict() -> None:
    def manifest(**more: Tree) -> Tree:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, **more}

    def opened(tree: Tree) -> Any:
        return side(tree, selector=SECRET_MANIFEST_SELECTOR)

    both = {"tls.crt": "1", "tls.key": "1"}
    base = opened(manifest(stringData=both))
    ours = opened(manifest(stringData=both, type="kubernetes.io/tls"))
    theirs = opened(manifest(stringData={"tls.crt": "1"}))
    by_rule = rule(selector=SECRET_MANIFEST_SELECTOR)
    found = plan_merge(base, ours, theirs, by_rule, is_revoked=never)
    assert [one.reason for one in found.conflicts] == [Reason.MANIFEST]
    assert found.content is None


@pytest.mark.parametrize("choice", ["ours", "theirs"])
def test_what_is_no_keyset_is_merged_by_no_machine(choice: str) -> None:
    one, other = ({"schema": "x", "value": value} for value in ("1", "2"))
    sides = [side(tree, selector=KEYSET_SELECTOR) for tree in (one, one, other)]
    by_rule = rule(selector=KEYSET_SELECTOR)
    found = plan_merge(*sides, by_rule, is_revoked=never)
    assert [one.reason for one in found.conflicts] == [Reason.NOT_BY_ROTATION]
    chosen: Any = {WHOLE: choice}
    assert plan_merge(*sides, by_rule, is_revoked=never, choices=chosen).content is not None
