"""What is remembered of files and items counts only where it was written for."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plana_secrets.age.identities import Further, Identities, generate_identity
from plana_secrets.mirror import agreedfile
from plana_secrets.mirror.agreed import Agreed, Pair, Stranger
from plana_secrets.mirror.agreedfile import AgreedFile
from plana_secrets.secret import Secret

OURS, MORE = generate_identity(), generate_identity()
CONTEXT = Secret(b"the account")
PAIR = Pair("1" * 40, "a (prod)", "prod", {"id-1": ("2" * 64, "3" * 40)})


def agreed_by(file: AgreedFile) -> Agreed:
    strangers = {"id-2": Stranger("4" * 64, "r-other", "5" * 40), "id-3": Stranger("6" * 64)}
    return Agreed(file.keyed(CONTEXT), {"a.yaml": PAIR}, strangers)


def opened(path: Path, *identities: Any, place: bytes = b"here") -> AgreedFile:
    return AgreedFile(path, lambda: Identities(identities or (OURS,)), place)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with entries, and proof that they are read."""
    path = tmp_path / "state" / "mirror-agreed.json"
    file = opened(path)
    file.store(lambda _: agreed_by(file))
    assert path.stat().st_mode & 0o777 == 0o600
    assert opened(path).load() == agreed_by(file)
    return path


def changed(content: Any) -> Iterator[Any]:
    """The JSON with one thing in it changed, for each thing in it."""
    if isinstance(content, dict | list):
        keys = list(content) if isinstance(content, dict) else list(range(len(content)))
        for key in keys:
            less = copy.deepcopy(content)
            del less[key]
            yield less
            for other in changed(content[key]):
                more = copy.deepcopy(content)
                more[key] = other
                yield more
    else:
        yield None if content is not None else "x"
        yield f"{content}0"


def test_no_field_can_be_changed(path: Path) -> None:
    head, _, body = path.read_bytes().partition(b"\n")
    count = 0
    for other in changed(json.loads(body)):
        path.write_bytes(head + b"\n" + json.dumps(other, separators=(",", ":")).encode())
        assert opened(path).load() == Agreed()
        count += 1
    assert count > 30


def test_no_byte_can_be_changed_and_none_be_missing(path: Path) -> None:
    content = path.read_bytes()
    for place in range(0, len(content), 3):
        torn = bytearray(content)
        torn[place] ^= 1
        for other in (bytes(torn), content[:place], content[:place] + b"\n" + content[place:]):
            path.write_bytes(other)
            assert opened(path).load() == Agreed()
    path.write_bytes(content)
    assert opened(path).load() != Agreed()


def test_it_counts_in_its_place_alone(path: Path, tmp_path: Path) -> None:
    assert opened(path, place=b"elsewhere").load() == Agreed()
    assert opened(path, place=b"here").load() != Agreed()
    assert opened(tmp_path / "missing").load() == Agreed()
    assert AgreedFile(None, lambda: Identities((OURS,)), b"here").load() == Agreed()


def test_it_counts_with_the_same_identities_alone(path: Path) -> None:
    for others in ((MORE,), (OURS, MORE)):
        assert opened(path, *others).load() == Agreed()
    file = opened(path, MORE, OURS)
    file.store(lambda _: agreed_by(file))
    assert opened(path, OURS, MORE).load() == agreed_by(file)
    assert opened(path, OURS).load() == Agreed()


def test_without_an_identity_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "mirror-agreed.json"
    file = AgreedFile(path, Identities, b"here")
    file.store(lambda _: agreed_by(file))
    assert not path.exists()
    assert file.keyed(CONTEXT) == ""


def test_further_identities_count_once_they_were_looked_for(tmp_path: Path) -> None:
    """A file that one of them opened is not known once that is gone."""
    path, looked = tmp_path / "mirror-agreed.json", []

    def keyring(*members: Any) -> Identities:
        def find() -> Identities:
            looked.append(members)
            return Identities(members)

        return Identities((OURS,), further=Further(find))

    first = AgreedFile(path, lambda: keyring(MORE), b"here")
    first.store(lambda _: agreed_by(first))
    assert AgreedFile(path, lambda: keyring(MORE), b"here").load() != Agreed()
    assert looked == []
    asked = keyring(MORE)
    asked.complete()
    second = AgreedFile(path, lambda: asked, b"here")
    second.store(lambda _: agreed_by(second))
    again, without = keyring(MORE), keyring()
    assert AgreedFile(path, lambda: again, b"here").load() == agreed_by(second)
    assert AgreedFile(path, lambda: without, b"here").load() == Agreed()


def test_it_is_written_only_where_it_says_something_new(path: Path) -> None:
    before = path.stat().st_ino
    file = opened(path)
    known = file.load()
    file.store(lambda _: known)
    assert path.stat().st_ino == before
    file.store(lambda _: None)
    assert path.stat().st_ino == before
    file.store(lambda _: Agreed(known.context, {}, {}))
    assert opened(path).load() == Agreed(known.context, {}, {})


def test_where_it_cannot_be_kept_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    file = opened(tmp_path / "state" / "mirror-agreed.json")
    assert file.load() == Agreed()
    file.store(lambda _: agreed_by(file))
    assert (tmp_path / "state").read_text() == "a file"


def test_another_release_begins_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from types import SimpleNamespace

    around: Any = SimpleNamespace(
        owner="r-1", repository_folder=tmp_path, find_identities=lambda: Identities((OURS,))
    )
    around.repository = SimpleNamespace(common_dir=tmp_path)

    def of(backend: str = "vaultwarden", settings: str = "s", owner: str = "r-1") -> AgreedFile:
        around.owner = owner
        return AgreedFile.of(around, backend, settings)

    file = of()
    file.store(lambda _: agreed_by(file))
    assert of().load() != Agreed()
    assert of(settings="t").load() == Agreed()
    assert of(owner="r-2").load() == Agreed()
    stored = next(tmp_path.glob("mirror-agreed-*"))
    stored.rename(tmp_path / "mirror-agreed-other.json")
    assert of(backend="other").load() == Agreed()
    stored.write_bytes((tmp_path / "mirror-agreed-other.json").read_bytes())
    monkeypatch.setattr(agreedfile, "__version__", "0.0.0")
    assert of().load() == Agreed()
