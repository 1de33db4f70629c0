"""An item that waits is the same one when it has its turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.mirror.backend import Field, PlainLeaf
from plana_secrets.mirror.item import EMPTY_MAP, PLAIN, UNSUPPORTED, build_item
from plana_secrets.mirror.packed import PackedItem
from plana_secrets.secret import Secret
from plana_secrets.sops.model import LeafType

types, contents = st.sampled_from(list(LeafType)), st.text(max_size=9)
commits = st.sampled_from(["a" * 40, None])
encodings = st.sampled_from(["text", "base64", PLAIN, EMPTY_MAP, UNSUPPORTED])
leaves = st.lists(
    st.tuples(st.text(max_size=5), types, encodings, contents), unique_by=lambda leaf: leaf[0]
)


@given(leaves, contents, commits, st.none() | contents, st.sampled_from(["note", "login"]))
def test_it_is_equal_once_it_is_opened(leaves, title, commit, name, form) -> None:
    item = build_item(
        file=f"infra/secrets/{title}.yaml",
        title=title,
        commit=commit,
        collection=name,
        fields=[
            Field(path, Secret.from_text(text), type_, encoding)
            for path, type_, encoding, text in leaves
            if encoding in {"text", "base64"}
        ],
        shape=[(path, type_, encoding) for path, type_, encoding, _ in leaves],
        plain=[PlainLeaf(path, text, type_) for path, type_, kind, text in leaves if kind == PLAIN],
        repository=name,
        form=form,
    )
    packed = PackedItem.of(item)
    assert repr(packed.leaves) == "Secret(***)"
    assert packed.opened() == item
    assert (packed.file, packed.title, packed.collection) == (item.file, title, name)
