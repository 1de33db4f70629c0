"""What ``show`` prints means what the file says."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from plana_secrets.cli.shown import as_shown
from tests.world import World

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@given(st.text(st.sampled_from('ab \n\t-#:"\\\r\u00e9'), max_size=12))
def test_a_block_means_the_same(value: str) -> None:
    quoted = yaml.safe_dump(value, default_style='"', width=10**6, allow_unicode=True).strip()
    text = f"a:\n    b: {quoted}\n    c:\n        - {quoted}\n        - x"
    shown = as_shown(text, decode=True)
    assert yaml.safe_load(shown) == {"a": {"b": value, "c": [value, "x"]}}


def test_a_pem_is_a_block_and_data_is_decoded(world: World) -> None:
    file = "infra/secrets/tls.secret.yaml"
    world.encrypt(
        file,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  tls.crt: |\n    "
        + PEM.replace("\n", "\n    ").rstrip(" ")
        + "data:\n  a: aGVsbG8=\n  b: AAEC\n",
    )
    shown = world.run("show", file, "--reveal").stdout
    block = "".join(f"        {line}\n" for line in PEM.splitlines())
    assert f"    tls.crt: |\n{block}" in shown
    assert '    a: "aGVsbG8="\n    # hello\n    b: "AAEC"\n' in shown
    assert yaml.safe_load(shown)["stringData"] == {"tls.crt": PEM}
    masked = world.run("show", file).stdout
    assert "hello" not in masked
    assert "#" not in masked
