"""A repository with a provider, a caller and a JWT service, and a clock that tests set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from plana_secrets.rotation.apply import Rotation
from plana_secrets.rotation.keyset import Keyset
from plana_secrets.rotation.policy import KeysetPolicy
from tests.rotation.examples import API, JWT, START
from tests.secretfiles.conftest import make_workspace
from tests.world import World

MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: {name}
    namespace: prod
stringData:
    OTHER: stays as it is
"""
PROVIDER = "infra/secrets/prod/pulse-data.secret.yaml"
PORTAL = "infra/secrets/prod/pulse-portal.secret.yaml"
ACCOUNT = "infra/secrets/prod/pulse-account.secret.yaml"


@dataclass
class Fleet:
    """The world with files in it; ``now`` is the time for the code under test."""

    world: World
    now: datetime = START
    policies: Sequence[KeysetPolicy] = field(default_factory=lambda: (API, JWT))
    branch: str | None = "main"

    def rotation(self, place: Path | None = None, **options: object) -> Rotation:
        """Made anew for every run, as a process would; ``place``: in another clone."""
        workspace = make_workspace(self.world, place)
        return Rotation(workspace, self.policies, self.branch, lambda: self.now, **options)

    def pass_time(self, **amount: float) -> None:
        self.now += timedelta(**amount)

    def change(self, policy: KeysetPolicy, **options: object) -> KeysetPolicy:
        """The policy with other options, in the place of the old one."""
        changed = replace(policy, **options)  # type: ignore[arg-type]
        self.policies = tuple(changed if one is policy else one for one in self.policies)
        return changed

    def keyset(self, policy: KeysetPolicy) -> Keyset:
        return self.rotation().store().load(policy.name)

    def value(self, reference: str) -> str:
        """What a service reads from a leaf of a manifest, by the real sops."""
        import json

        file, _, path = reference.partition("#")
        shown = self.world.sops("decrypt", "--output-type", "json", file).stdout
        key = path.removeprefix("stringData").lstrip(".").strip('["]')
        return json.loads(shown)["stringData"][key]

    def commits(self) -> int:
        return int(self.world.git("rev-list", "--count", "HEAD"))

    def is_clean(self) -> bool:
        return self.world.git("status", "--porcelain") == ""
