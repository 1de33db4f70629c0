"""An administrator with the web app, who reads and changes what is in the projects.

The text is opened with the organization's key by our own cryptography, which vectors from
outside prove: what the SDK wrote is judged by something that is not the SDK.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from plana_secrets.mirror.backends.vaultwarden.crypto import SymmetricKey
from plana_secrets.secret import Secret
from tests.fakes.bitwarden_sm.server import FakeBitwarden


@dataclass
class Administrator:
    """Who has the organization's key."""

    server: FakeBitwarden
    key: SymmetricKey = field(default_factory=SymmetricKey.generate)

    def add_project(self, name: str) -> str:
        project = str(uuid.uuid4())
        self.server.store.projects[project] = self.key.seal_text(name)
        return project

    def add_token(self, projects: dict[str, bool]) -> Secret:
        return Secret.from_text(self.server.store.add_account(self.key, projects))

    def secrets(self) -> list[dict[str, Any]]:
        """Every secret of the organization, opened."""
        return [
            {
                "id": one["id"],
                "key": self._open(one["key"]),
                "value": self._open(one["value"]),
                "note": self._open(one["note"]),
                "projects": [project["id"] for project in one["projects"]],
            }
            for one in self.server.store.secrets.values()
        ]

    def write(
        self, secret_id: str | None, *, key: str, value: str, note: str, project: str | None
    ) -> None:
        self.server.store.put(
            secret_id,
            {
                "key": self.key.seal_text(key),
                "value": self.key.seal_text(value),
                "note": self.key.seal_text(note),
                "projectIds": [project] if project else [],
            },
        )

    def change(self, secret: dict[str, Any], **changes: Any) -> None:
        now = {**secret, **changes}
        project = now["projects"][0] if now["projects"] else None
        self.write(now["id"], key=now["key"], value=now["value"], note=now["note"], project=project)

    def delete(self, secret_id: str) -> None:
        del self.server.store.secrets[secret_id]

    def _open(self, text: str) -> str:
        return self.key.open(text).reveal_text()
