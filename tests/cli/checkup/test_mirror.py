"""Where the mirror is, and by which credentials."""

from __future__ import annotations

from tests.cli.checkup.doctor import troubles
from tests.world import World

VAULT = """
[mirror]
backend = "vaultwarden"
[mirror.vaultwarden]
url = "https://vault.example.com"
organization = "o"
credentials = "job.yaml"
"""


def test_it_says_where_the_mirror_is_and_misses_its_credentials(healthy: World) -> None:
    settings = healthy.repo / "plana-secrets.toml"
    settings.write_text('[mirror]\nbackend = "local"\n[mirror.local]\npath = "m.age"\n')
    assert f"ok       mirror local, in {healthy.repo}/m.age" in healthy.run("doctor").stdout
    settings.write_text(VAULT)
    missing = troubles(healthy)["mirror"]
    assert missing["severity"] == "warning"
    assert missing["message"].endswith(f"there is no credentials file {healthy.repo}/job.yaml")
    (healthy.repo / "job.yaml").write_text("a: b\n")
    assert (
        "ok       mirror vaultwarden at https://vault.example.com" in healthy.run("doctor").stdout
    )
