"""Any sequence of edits, written by the real sops, reads back as the same nested maps."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plana_secrets.document.edits import Edit, SetLeaf, Unset
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import stage_edits, write_files, writing
from plana_secrets.sops.model import LeafType
from tests.world import World

FILE = "infra/secrets/dev/any.yaml"
KEYS = st.one_of(
    st.sampled_from(["a", "b", "yes", "1", "null", "x.y", "a/b", "ü", "- a", "#c", "key with space"]),
    st.text(st.characters(max_codepoint=0x2FF, exclude_characters=":"), min_size=1, max_size=5)
    .filter(lambda key: key not in {"sops", "<<"} and key.isprintable()),
)  # fmt: skip
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff"), max_size=20
)
VALUES = st.one_of(
    TEXTS.map(lambda text: (text, LeafType.STR, text)),
    st.integers(-(2**63), 2**63 - 1).map(lambda one: (str(one), LeafType.INT, one)),
    st.booleans().map(lambda one: (str(one), LeafType.BOOL, one)),
    st.integers(-(10**6), 10**6).map(lambda one: (f"{one}.5", LeafType.FLOAT, float(f"{one}.5"))),
)


@settings(max_examples=12)
@given(
    steps=st.lists(st.tuples(KEYS, KEYS, VALUES), min_size=1, max_size=6),
    removed=st.integers(min_value=0, max_value=5),
)
def test_edits_survive_sops(
    files_world: World, workspace: Workspace, steps: list[Any], removed: int
) -> None:
    files_world.encrypt(FILE, "# kept\nfirst:\n    kept: 1.0\n    time: 2020-01-02T03:04:05Z\n")
    model: dict[str, dict[str, Any]] = {}
    edits: list[Edit] = []
    for outer, inner, (text, leaf_type, expected) in steps:
        edits.append(SetLeaf((f"m-{outer}", inner), Secret.from_text(text), leaf_type))
        model.setdefault(f"m-{outer}", {})[inner] = expected
    if removed < len(steps):
        outer = f"m-{steps[removed][0]}"
        edits.append(Unset((outer,)))
        del model[outer]
    with writing(workspace, "test"):
        staged = stage_edits(workspace, FILE, edits)
        write_files(workspace, [staged], operation="test")
    plain = json.loads(files_world.sops("decrypt", "--output-type", "json", FILE).stdout)
    assert plain.pop("first") == {"kept": 1, "time": "2020-01-02T03:04:05Z"}
    assert plain == model
    assert files_world.decrypt(FILE).startswith("# kept\n")
