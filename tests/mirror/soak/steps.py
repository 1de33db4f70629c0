"""What happens in a week: changes of the files, and of the vault by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from plana_secrets.paths import format_path
from tests.mirror.soak.judge import Judge
from tests.mirror.soak.scene import COLLECTIONS, Clone, Document, Scene, flatten
from tests.mirror.soak.vault import Item


@dataclass
class Week:
    """The scene and its judge; each public method is one step."""

    scene: Scene
    judge: Judge

    # -- files

    def clone(self) -> Clone:
        """One of them, at what the remote's branch says."""
        clone = self.scene.random.choice(self.scene.clones)
        clone.pull()
        return clone

    def document(self) -> Document:
        names = self.scene.random.sample("abcdef", self.scene.random.randint(1, 4))
        document: Document = {name: self.scene.value() for name in sorted(names)}
        if self.scene.random.random() < 0.5:
            document["group"] = {"x": self.scene.value(), "y z": self.scene.value()}
        return document

    def name(self) -> str:
        """Of a new file; both repositories may have files of one name."""
        folder = self.scene.random.choice(COLLECTIONS)
        return f"infra/secrets/{folder}/file{self.scene.random.randint(0, 40)}.yaml"

    def add_file(self) -> None:
        clone = self.clone()
        for _ in range(self.scene.random.choice((1, 2, 6))):
            file = self.name()
            if file not in clone.repository.files:
                clone.write(file, self.document())
        clone.push("add")

    def change_values(self) -> None:
        """As a rotation does: several files in one commit."""
        clone = self.clone()
        files = clone.repository.files
        count = min(len(files), self.scene.random.choice((1, 1, 3)))
        for file in self.scene.random.sample(sorted(files), count):
            document = {
                key: one if isinstance(one, dict) else self.scene.value()
                for key, one in files[file].items()
            }
            clone.write(file, document)
        clone.push("change")

    def change_shape(self) -> None:
        clone = self.clone()
        file = self._some_file(clone)
        if file:
            document = dict(clone.repository.files[file])
            if len(document) > 1 and self.scene.random.random() < 0.5:
                document.pop(self.scene.random.choice(sorted(document)))
            document[f"new{self.scene.number()}"] = self.scene.value()
            clone.write(file, document)
            clone.push("shape")

    def remove_file(self) -> None:
        clone = self.clone()
        file = self._some_file(clone)
        if file and len(clone.repository.files) > 3:
            clone.world.git("rm", "-q", file)
            del clone.repository.files[file]
            clone.push("remove")

    def rename_file(self) -> None:
        """Within a folder or to another collection, now and then with a change."""
        clone = self.clone()
        files = clone.repository.files
        file, new = self._some_file(clone), self.name()
        if not file or new in files:
            return
        (clone.world.repo / new).parent.mkdir(parents=True, exist_ok=True)
        clone.world.git("mv", file, new)
        files[new] = files.pop(file)
        if self.scene.random.random() < 0.4:
            clone.write(new, files[new] | {"a": self.scene.value()})
        clone.push("rename")

    def remap_folder(self) -> None:
        """A folder goes to another collection, or is mirrored no longer."""
        clone = self.clone()
        mapping = clone.repository.mapping
        words = self.scene.random.choice(("dev", "dev", "other", ""))
        mapping.pop("dev", None)
        if words:
            mapping["dev"] = words
        self.scene.write_settings(clone)
        clone.push("remap")

    def _some_file(self, clone: Clone) -> str | None:
        files = sorted(clone.repository.files)
        return self.scene.random.choice(files) if files else None

    # -- by hand

    def by_hand(self) -> None:
        """A person does something to an item in their client."""
        items = [one for one in self.judge.hand.items() if one.collections]
        if not items:
            return
        item = self.scene.random.choice(items)
        edit = self.scene.random.choice(_EDITS)
        if item.cipher["key"] and edit in _NEED_SHARED_KEY:
            edit = Week.into_trash
        edit(self, item)
        self.touch(item)
        self.judge.after_hand()

    def touch(self, item: Item) -> None:
        """With the copies that were made of it."""
        name = item.repository, item.file
        every = [one for one in self.judge.hand.items() if (one.repository, one.file) == name]
        self.judge.touched |= {one.id for one in every}

    def set_field(self, item: Item) -> None:
        if item.fields:
            path = self.scene.random.choice(sorted(item.fields))
            self.judge.hand.set_field(item.id, path, self.judge.type())

    def add_field(self, item: Item) -> None:
        name = self.scene.random.choice(("pin", "pin of the safe"))
        self.judge.hand.add_field(item.id, f"{name}{self.scene.number()}", self.judge.type())

    def remove_field(self, item: Item) -> None:
        if item.fields:
            self.judge.hand.remove_field(item.id, self.scene.random.choice(sorted(item.fields)))

    def set_note(self, item: Item) -> None:
        self.judge.hand.set_note(item.id, self.judge.type())

    def set_title(self, item: Item) -> None:
        self.judge.hand.set_title(item.id, self.judge.type())

    def copy(self, item: Item) -> None:
        self.judge.scattered = True
        self.judge.hand.clone(item.id)

    def into_trash(self, item: Item) -> None:
        self.judge.hand.trash(item.id)

    def out_of_trash(self, item: Item) -> None:
        self.judge.hand.company.owner.call("PUT", f"/api/ciphers/{item.id}/restore")

    def move(self, item: Item) -> None:
        names = self.scene.random.choice((["dev"], ["prod"], ["other"], ["prod", "dev"]))
        self.judge.hand.put_into(item.id, names)

    def delete(self, item: Item) -> None:
        self.judge.hand.delete(item.id)

    def retype(self, item: Item) -> None:
        self.judge.scattered = True
        self.judge.hand.retype(item.id)

    def give_own_key(self, item: Item) -> None:
        self.judge.hand.give_own_key(item.id)

    def delete_collection(self) -> None:
        """And create it again by the same name: its items are in none."""
        company = self.scene.company
        self.judge.scattered = True
        path = f"/api/organizations/{company.id}/collections/{company.collections['dev']}"
        company.owner.call("DELETE", path)
        company.collections["dev"] = company.add_collection("dev")
        for person, how in ((company.service, "edit"), (company.staff, "view")):
            names = ("prod", "dev", "other") if how == "edit" else COLLECTIONS
            company.change_member(person, dict.fromkeys(names, how))
        self.judge.after_hand()

    def adopt(self) -> None:
        """The program takes what was typed into the file; the person commits."""
        clone = self.clone()
        for item in self.judge.hand.items():
            repository = clone.repository
            document = repository.files.get(item.file)
            if item.repository != f"r-{repository.name}" or document is None:
                continue
            typed = [path for path, text in item.fields.items() if text in self.judge.typed]
            if typed and self._adopt(clone, item.file, typed[0]):
                return

    def _adopt(self, clone: Clone, file: str, name: str) -> bool:
        path = name if name in dict(flatten(clone.repository.files[file])) else format_path((name,))
        if self.scene.run(clone, "mirror", "adopt", file, path).status:
            return False
        text = clone.world.sops("decrypt", "--output-type", "json", file).stdout
        clone.repository.files[file] = json.loads(text)
        clone.push("adopt")
        self.judge.after_adoption(clone.repository)
        return True


_EDITS: tuple[Callable[[Week, Item], None], ...] = (
    Week.set_field, Week.set_field, Week.set_field, Week.add_field, Week.remove_field,
    Week.set_note, Week.set_title, Week.copy, Week.into_trash, Week.out_of_trash, Week.move,
    Week.move, Week.delete, Week.retype, Week.give_own_key,
)  # fmt: skip
_NEED_SHARED_KEY = {
    Week.set_field, Week.add_field, Week.remove_field, Week.set_note, Week.set_title,
    Week.give_own_key,
}  # fmt: skip
