"""The mirror's backend in Bitwarden Secrets Manager: reading is one request.

The order of the calls lets a run be killed anywhere: leaves first, then the record that names
them, then what is no longer wanted. The server has no condition for a write, so what an item
consists of is read once more before it is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plana_secrets.errors import PlanaSecretsError, UsageError
from plana_secrets.mirror.backend import (
    NOTHING_KNOWN,
    ActualItem,
    Desired,
    DesiredItem,
    Listing,
    Recall,
    Unsupported,
)
from plana_secrets.mirror.backends.bitwarden_sm import form
from plana_secrets.mirror.backends.bitwarden_sm.client import Client, Content, Stored
from plana_secrets.mirror.backends.bitwarden_sm.failures import ServerFailedError
from plana_secrets.mirror.backends.bitwarden_sm.listing import Group, read_listing, revision_of
from plana_secrets.mirror.itemerrors import (
    ITEM_ERRORS,
    ItemChangedError,
    ItemNotWrittenError,
    ItemsRefusedError,
    NotWritableError,
)
from plana_secrets.observability import Event, Observer, silent


@dataclass(frozen=True, slots=True)
class _View:
    """What the last look showed. ``projects``: ids by the configuration's words."""

    projects: Mapping[str, str]
    listing: Listing
    groups: Mapping[str, Group]


class BitwardenSmBackend:
    """Implements ``Backend``; ``projects`` are the words of the configuration, names or ids."""

    name = "bitwarden-sm"
    item_size: int | None = None

    def __init__(
        self, client: Client, projects: Iterable[str], *, observer: Observer = silent
    ) -> None:
        self._client = client
        self._named = tuple(dict.fromkeys(projects))
        self._observer = observer
        self._projects: Mapping[str, str] | None = None
        self._last: _View | None = None

    @property
    def requests(self) -> int:
        return self._client.requests

    def close(self) -> None:
        self._client.close()

    def find_unsupported(self, item: DesiredItem) -> tuple[Unsupported, ...]:
        return form.find_unsupported(item)

    def list_items(self, recall: Recall = NOTHING_KNOWN) -> Listing:
        """All of it: its server hands out values in clear, so that nothing is left closed."""
        del recall
        return self._look().listing

    def list_again(self, ids: Sequence[str]) -> None:
        """One call lists all."""

    def create_items(self, items: Sequence[Desired]) -> None:
        view = self._last or self._look()
        refused: dict[str, PlanaSecretsError] = {}
        for number, item in enumerate((one.opened() for one in items), start=1):
            try:
                self._write(item, Group(None, {}), self._project_of(view, item))
            except ITEM_ERRORS as error:
                refused[item.file] = error
            self._tell(number, len(items))
        if refused:
            raise ItemsRefusedError(refused)

    def update_item(self, actual: ActualItem, desired: DesiredItem) -> None:
        view = self._last or self._look()
        group = view.groups[actual.id]
        now = self._client.read_secrets([one.id for one in group.secrets])
        if revision_of(now) != actual.revision:
            raise ItemChangedError(f"a secret of {desired.file} changed on the server meanwhile")
        self._write(desired, group, self._project_of(view, desired))

    def delete_items(self, items: Sequence[ActualItem]) -> None:
        """Nothing is deleted that changed since it was listed."""
        if not items:
            return
        groups = (self._last or self._look()).groups
        now = {one.id: one for one in self._client.list_secrets()}
        refused: dict[str, PlanaSecretsError] = {}
        for item in items:
            group = groups.get(item.id)
            there = [now[one.id] for one in group.secrets if one.id in now] if group else []
            try:
                if there and revision_of(there) != item.revision:
                    raise ItemChangedError("a secret to be deleted changed on the server meanwhile")
                self._delete([one.id for one in there])
            except ITEM_ERRORS as error:
                refused[item.record.file if item.record else item.id] = error
        if refused:
            raise ItemsRefusedError(refused)

    def _write(self, item: DesiredItem, group: Group, project: str) -> None:
        """Make ``group`` what ``item`` says: leaves, record, and away with the rest."""
        for one in item.fields:
            content = form.leaf_content(item, one, project)
            self._put(group.leaves.get(one.path), content, f"write {item.file} {one.path}")
        self._put(group.record, form.record_content(item, project), f"write {item.file}")
        wanted = {one.path for one in item.fields}
        self._delete([one.id for name, one in group.leaves.items() if name not in wanted])

    def _put(self, there: Stored | None, content: Content, task: str) -> None:
        try:
            if there is None:
                self._client.create_secret(content, task=task)
            elif there.content != content:
                self._client.update_secret(there.id, content, task=task)
        except ServerFailedError:
            self._client.list_projects()  # raises where the server fails altogether
            raise ItemNotWrittenError(f"the server failed: cannot {task}") from None

    def _delete(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        if self._client.delete_secrets(ids, task="delete secrets"):
            raise NotWritableError(
                "the machine account may not delete some of the secrets", kind="project-read-only"
            )

    def _look(self) -> _View:
        if self._projects is None:
            self._projects = find_projects(self._client.list_projects(), self._named)
        words = {project: word for word, project in self._projects.items()}
        listing, groups = read_listing(self._client.list_secrets(), words)
        self._last = _View(self._projects, listing, groups)
        return self._last

    def _project_of(self, view: _View, item: DesiredItem) -> str:
        project = view.projects.get(item.collection or "")
        if project is None:
            raise UsageError(
                f"project {item.collection!r} is not configured", kind="unknown-project"
            )
        return project

    def _tell(self, done: int, total: int) -> None:
        self._observer(Event("mirror-progress", {"done": done, "total": total}))


def find_projects(there: Mapping[str, str], named: Sequence[str]) -> dict[str, str]:
    """The id of each project that the configuration names, by name or by id.

    Raises:
        UsageError: the account sees none of that name (kind ``unknown-project``), or several
            (kind ``ambiguous-project``).
    """
    found = {}
    for word in named:
        fitting = [one for one, name in there.items() if word in {one, name}]
        if len(fitting) > 1:
            raise UsageError(
                f"several projects are named {word!r}", kind="ambiguous-project", project=word
            )
        if not fitting:
            names = ", ".join(sorted(map(repr, there.values()))) or "none"
            raise UsageError(
                f"the machine account sees no project {word!r}; it sees: {names}",
                kind="unknown-project",
                project=word,
            )
        found[word] = fitting[0]
    return found


ADVICE: Final = {
    "ambiguous-project": "use the id of the project in mirror.bitwarden-sm.projects",
    "unknown-project": (
        "check mirror.bitwarden-sm.projects, and let the machine account read and write the project"
    ),
}
