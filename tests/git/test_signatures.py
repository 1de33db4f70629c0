"""What git says of a signature, and what of it is a proof."""

from __future__ import annotations

import pytest

from plana_secrets.git.signatures import Verdict, _judge

GOOD = b'Good "git" signature for anna@example.test with ED25519 key SHA256:abc\n'
STRANGER = b'Good "git" signature with ED25519 key SHA256:abc\nNo principal matched.\n'


@pytest.mark.parametrize(
    ("status", "told", "verdict"),
    [
        (0, GOOD, Verdict.VALID),
        (1, GOOD, Verdict.BAD),
        (0, b"", Verdict.UNSIGNED),
        (1, b"", Verdict.UNSIGNED),
        (1, b" \n", Verdict.UNSIGNED),
        (0, b"something else\n", Verdict.BAD),
        (1, b"Could not verify signature.\n", Verdict.BAD),
        (1, STRANGER, Verdict.STRANGER),
        (0, STRANGER, Verdict.STRANGER),
    ],
)
def test_only_a_status_and_a_name_together_prove_a_signature(
    status: int, told: bytes, verdict: Verdict
) -> None:
    assert _judge(status, told) is verdict
