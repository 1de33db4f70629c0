"""``data`` means to us what it means to the cluster, in every place that reads it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.document.manifest import decode_data, is_readable_field
from plana_secrets.paths import LeafPath
from plana_secrets.secret import Secret

WORDS = {
    "": b"",
    "eA==": b"x",
    "eA==\n": b"x",
    "eA\r\n==": b"x",
    "eB==": b"x",  # Go, too, reads over the bits that mean nothing
    "aGVs\nbG8=\n": b"hello",
    "eA": None,
    "e A==": None,
    "eA==eA==": None,
    "====": None,
    "e_-=": None,
    "x": None,
    "é===": None,
}
"""Each tried with Go's ``base64.StdEncoding.DecodeString``, which is what Kubernetes uses."""


@pytest.mark.parametrize(("text", "meaning"), WORDS.items(), ids=repr)
def test_data_is_read_as_go_reads_it(text: str, meaning: bytes | None) -> None:
    decoded = decode_data(Secret.from_text(text))
    assert (None if decoded is None else decoded.reveal()) == meaning


@given(content=st.binary(max_size=200), width=st.integers(1, 76))
def test_wrapped_base64_is_read(content: bytes, width: int) -> None:
    text = base64.b64encode(content)
    wrapped = b"\n".join(text[at : at + width] for at in range(0, len(text), width))
    decoded = decode_data(Secret(wrapped))
    assert decoded is not None
    assert decoded.reveal() == content


@pytest.mark.parametrize(
    ("path", "is_readable"),
    [
        (("apiVersion",), True),
        (("kind",), True),
        (("type",), True),
        (("immutable",), True),
        (("metadata", "name"), True),
        (("metadata", "namespace"), True),
        (("metadata", "creationTimestamp"), True),
        (("metadata", "labels", "a"), True),
        (("metadata", "annotations", "a"), True),
        (("metadata", "labels"), False),
        (("metadata", "annotations", "a", "b"), False),
        (("metadata", "other", "a"), False),
        (("metadata", "uid"), False),
        (("metadata",), False),
        (("labels", "a"), False),
        (("data", "a"), False),
        (("name",), False),
    ],
)
def test_only_what_kubernetes_needs_may_be_readable(path: LeafPath, is_readable: bool) -> None:
    assert is_readable_field(path) is is_readable
