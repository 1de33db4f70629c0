"""What must be true, whatever happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container

from plana_secrets.mirror.backends.vaultwarden.audit import audit_access
from tests.fakes.people import Person
from tests.mirror.soak.scene import SENTINEL, Repository, Scene, Violation
from tests.mirror.soak.vault import Item, PersonsHand
from tests.mirror.vaultwarden.place import VaultwardenPlace

_STRAY = {"loose-item", "stray-item", "doubled-item"}


class Judge:
    """``touched``: items that a person changed since everything was last overwritten.

    ``scattered``: a person made copies, or deleted a collection, since then.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.hand = PersonsHand(scene.company)
        self.typed: dict[str, None] = {}
        self.touched: set[str] = set()
        self.scattered = False
        self.foreign: object = None

    def type(self) -> str:
        """A new text of a hand edit."""
        text = self._scene.value()
        self.typed[text] = None
        return text

    def after_hand(self) -> None:
        """What a person overwrote or deleted is theirs to lose."""
        everywhere = self._everywhere()
        self.typed = {text: None for text in self.typed if text in everywhere}

    def after_adoption(self, repository: Repository) -> None:
        """What is in a file is no longer typed by hand alone."""
        texts = {text for one in repository.mirrored().values() for text in one.values()}
        self.typed = {text: None for text in self.typed if text not in texts}

    def after_program(self, what: str) -> None:
        everywhere = self._everywhere()
        lost = [text for text in self.typed if text not in everywhere]
        if lost:
            raise Violation(f"{what}: lost {lost}")
        if self.hand.foreign() != self.foreign:
            raise Violation(f"{what}: an item of a person was changed")

    def _everywhere(self) -> str:
        kept = [text for clone in self._scene.clones for text in clone.kept()]
        return "\n".join([self.hand.texts(), *kept])

    def after_completed(
        self, repository: Repository, pruned: bool, *, left: Container[str] = ()
    ) -> None:
        """After a run that went through: the files are there, and each once.

        ``left``: files of which the run itself says that their item waits for a person.
        """
        wanted = repository.mirrored()
        found: dict[str, list[Item]] = defaultdict(list)
        for item in self.hand.items():
            is_out_of_sight = self.scattered and not item.collections
            if item.repository == f"r-{repository.name}" and not is_out_of_sight:
                found[item.file].append(item)
        for file, fields in wanted.items():
            items = found.pop(file, [])
            if file not in left:
                self._check_file(repository, file, fields, items)
        for file, items in found.items():
            if any(item.id not in self.touched for item in items) and pruned:
                self._complain(f"the item of {file} is not gone", items)
            if repository.collection_of(file) is None and file in repository.files:
                self._check_withdrawn(file, items)

    def _check_file(
        self, repository: Repository, file: str, fields: dict[str, str], items: list[Item]
    ) -> None:
        if any(item.id in self.touched for item in items) or (len(items) > 1 and self.scattered):
            return
        collection = self._scene.company.collections[repository.collection_of(file) or ""]
        if len(items) != 1:
            self._complain(f"{len(items)} items of {file}", items)
        (item,) = items
        if item.collections != [collection] or item.cipher["deletedDate"]:
            self._complain(f"the item of {file} is not where it belongs", items)
        if item.fields != fields:
            paths = {one for one, _ in item.fields.items() ^ fields.items()}
            self._complain(f"the item of {file} is not as the file at {paths}", items)

    def _check_withdrawn(self, file: str, items: list[Item]) -> None:
        if any(item.id not in self.touched for item in items):
            self._complain(f"{file} is mapped no longer and still there", items)

    def _complain(self, what: str, items: list[Item]) -> None:
        rows = [(one.place, one.collections, one.cipher["deletedDate"]) for one in items]
        raise Violation(f"{what}: {rows}")

    def after_everything(self) -> None:
        """All was overwritten and pruned, by an owner: files and vault are the same thing."""
        self.touched.clear()
        self.scattered = False
        for repository in self._scene.repositories:
            self.after_completed(repository, True)
        scene, company = self._scene, self._scene.company
        wanted = Counter(
            (f"r-{one.name}", file) for one in scene.repositories for file in one.mirrored()
        )
        found = Counter((one.repository, one.file) for one in self.hand.items())
        if found != wanted:
            raise Violation(f"too much {found - wanted}, too little {wanted - found}")
        strays = [one for one in self._audit(company.owner) if one in _STRAY]
        if strays:
            raise Violation(f"the audit of an owner has {strays}")
        self._check_staff()
        loose = [one for one in company.service.sync()["ciphers"] if not one["organizationId"]]
        if loose:
            raise Violation(f"{len(loose)} items are in the service account's own vault")

    def _audit(self, person: Person) -> list[str]:
        company = self._scene.company
        place = VaultwardenPlace(company, self._scene.folder / "audit")
        found = audit_access(
            place.session(person),
            organization=company.id,
            collections=["prod", "dev", "other"],
            service_account=company.service.email,
            break_glass=[company.owner.email],
        )
        return [one.check for one in found]

    def _check_staff(self) -> None:
        """Staff may look into prod and dev."""
        ciphers = self._scene.company.staff.sync()["ciphers"]
        seen = {(one.repository, one.file): one.fields for one in self.hand.items(ciphers)}
        wanted = {
            (f"r-{one.name}", file): fields
            for one in self._scene.repositories
            for file, fields in one.mirrored().items()
            if one.collection_of(file) != "other"
        }
        if seen != wanted:
            names = [one for one in seen.keys() | wanted if seen.get(one) != wanted.get(one)]
            raise Violation(f"staff do not see what the files say: {sorted(names)}")

    def check_disks(self) -> None:
        """No value in a state folder, a home or a folder in memory."""
        for clone in self._scene.clones:
            world = clone.world
            for folder in (world.folder / "state", world.home, world.memory):
                for path in folder.rglob("*"):
                    if path.is_file() and SENTINEL.encode() in path.read_bytes():
                        raise Violation(f"a value is in {path}")
            if any((world.repo / ".git" / "plana-secrets").rglob("*.tmp")):
                raise Violation("a temporary file was left")
