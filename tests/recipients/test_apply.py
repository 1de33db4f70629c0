"""Files get the recipients of their rules, by the real sops, all or none."""

from __future__ import annotations

import threading

import pyrage
import pytest

from plana_secrets.errors import FailedError, UsageError
from plana_secrets.recipients.apply import apply_plans, survey
from plana_secrets.recipients.plan import Demand
from plana_secrets.secretfiles.open import read_document_of
from plana_secrets.secretfiles.workspace import Workspace
from plana_secrets.secretfiles.writing.writer import writing
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE, make_workspace
from tests.world import DEFAULT_RULES, World

FILES = (PLAIN_FILE, SECRET_FILE)


def run(workspace: Workspace, *files: str) -> list[str]:
    """Apply to all; what was changed."""
    with writing(workspace, "recipients apply"):
        found = survey(workspace, files, Demand(), skip="none")
        apply_plans(workspace, found.plans, lambda: None)
    return [plan.file for plan in found.plans]


def with_reader(world: World) -> pyrage.x25519.Identity:
    """One more reader in the rules, not yet in the files."""
    other = pyrage.x25519.Identity.generate()
    world.others.append(other)
    world.write_rules(DEFAULT_RULES)
    return other


def without_reader(world: World) -> None:
    world.others.clear()
    world.write_rules(DEFAULT_RULES)


def opens(world: World, file: str, identity: pyrage.x25519.Identity) -> bool:
    """Whether the real sops opens it with this identity alone."""
    path = world.folder / "other.txt"
    path.write_text(f"{identity}\n")
    done = world.command("env", f"SOPS_AGE_KEY_FILE={path}", *_sops(), "decrypt", file, check=False)
    return done.status == 0


def _sops() -> list[str]:
    from tests.world import sops_program

    return [str(sops_program())]


def test_an_addition_keeps_data_key_values_and_ciphertext(files_world: World) -> None:
    other = with_reader(files_world)
    workspace = make_workspace(files_world)
    before = [read_document_of(workspace, file) for file in FILES]
    plain = [files_world.decrypt(file) for file in FILES]
    assert run(workspace, *FILES) == list(FILES)
    after = [read_document_of(workspace, file) for file in FILES]
    assert [one.data_key for one in after] == [one.data_key for one in before]
    assert [one.structure.items for one in after] == [one.structure.items for one in before]
    assert [files_world.decrypt(file) for file in FILES] == plain
    assert all(opens(files_world, file, other) for file in FILES)
    assert run(workspace, *FILES) == []


def test_a_removal_makes_a_new_data_key(files_world: World) -> None:
    other = with_reader(files_world)
    workspace = make_workspace(files_world)
    run(workspace, *FILES)
    before = [read_document_of(workspace, file) for file in FILES]
    plain = [files_world.decrypt(file) for file in FILES]
    without_reader(files_world)
    workspace = make_workspace(files_world)
    assert run(workspace, *FILES) == list(FILES)
    after = [read_document_of(workspace, file) for file in FILES]
    assert all(a.data_key != b.data_key for a, b in zip(after, before, strict=True))
    assert [files_world.decrypt(file) for file in FILES] == plain
    assert not any(opens(files_world, file, other) for file in FILES)


def test_a_folder_with_rules_of_its_own(files_world: World) -> None:
    other = pyrage.x25519.Identity.generate()
    nested = files_world.repo / "infra/secrets/dev/.sops.yaml"
    nested.write_text(
        "creation_rules:\n    - path_regex: ^example\\.yaml$\n"
        f"      age: {files_world.recipients},{other.to_public()}\n"
    )
    assert run(make_workspace(files_world), PLAIN_FILE) == [PLAIN_FILE]
    assert opens(files_world, PLAIN_FILE, other)


@pytest.mark.parametrize(
    ("file", "plain", "form"),
    [
        ("infra/secrets/dev/a.json", '{"a": "b"}', "json"),
        ("infra/secrets/dev/a.env", "A=b", "dotenv"),
    ],
)
def test_files_in_other_formats(world: World, file: str, plain: str, form: str) -> None:
    world.write_rules("creation_rules:\n    - age: {recipients}\n")
    target = world.repo / file
    target.parent.mkdir(parents=True)
    arguments = ("--filename-override", file, "--input-type", form, "--output-type", form)
    with_other = pyrage.x25519.Identity.generate()
    world.others.append(with_other)
    world.write_rules("creation_rules:\n    - age: {recipients}\n")
    target.write_text(world.sops("encrypt", *arguments, stdin=plain.encode()).stdout)
    world.others.clear()
    world.write_rules("creation_rules:\n    - age: {recipients}\n")
    before = world.decrypt(file)
    assert run(make_workspace(world), file) == [file]
    assert world.decrypt(file) == before
    assert not opens(world, file, with_other)


class Lazy:
    """A sops that says it has done what it has not."""

    def __init__(self, real: object, **answers: object) -> None:
        self.real, self.answers = real, answers

    def __getattr__(self, name: str) -> object:
        return self.answers.get(name) or getattr(self.real, name)


@pytest.mark.parametrize("method", ["update_recipients", "rotate_data_key"])
def test_a_sops_that_does_nothing_is_not_believed(files_world: World, method: str) -> None:
    with_reader(files_world)
    run(make_workspace(files_world), *FILES)
    without_reader(files_world)
    workspace = make_workspace(files_world)
    before = (files_world.repo / PLAIN_FILE).read_bytes()
    workspace.sops = Lazy(workspace.sops, **{method: lambda data, **_: data})  # type: ignore[assignment]
    with pytest.raises(FailedError):
        run(workspace, PLAIN_FILE)
    assert (files_world.repo / PLAIN_FILE).read_bytes() == before


def test_a_tampered_list_gets_no_new_data_key(files_world: World) -> None:
    """sops would wrap the new key to a stranger whom it did not take out."""
    with_reader(files_world)
    run(make_workspace(files_world), *FILES)
    without_reader(files_world)
    workspace = make_workspace(files_world)
    asked: list[str] = []
    workspace.sops = Lazy(  # type: ignore[assignment]
        workspace.sops,
        update_recipients=lambda data, **_: data,
        rotate_data_key=lambda data, **_: asked.append("rotate") or data,
    )
    with pytest.raises(FailedError):
        run(workspace, PLAIN_FILE)
    assert asked == []


def test_one_file_that_is_refused_stops_all(files_world: World) -> None:
    with_reader(files_world)
    workspace = make_workspace(files_world)
    before = (files_world.repo / PLAIN_FILE).read_bytes()
    with pytest.raises(UsageError):
        run(workspace, PLAIN_FILE, "infra/elsewhere.txt")
    assert (files_world.repo / PLAIN_FILE).read_bytes() == before


def test_several_files_are_in_work_at_once_and_an_error_stops_the_rest(
    files_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    names = [f"infra/secrets/dev/f{number}.yaml" for number in range(12)]
    for name in names:
        files_world.encrypt(name, f"a: {name}\n")
    with_reader(files_world)
    workspace = make_workspace(files_world)
    real, meeting, begun = workspace.sops, threading.Barrier(2), []

    def update(data: bytes, *, file: str, **rest: object) -> bytes:
        begun.append(file)
        if len(begun) <= 2:
            meeting.wait(10)  # two are here together
        if file == names[3]:
            raise FailedError("stop", kind="stop")
        return real.update_recipients(data, file=file, **rest)  # type: ignore[arg-type]

    workspace.sops = Lazy(real, update_recipients=update)  # type: ignore[assignment]
    before = [(files_world.repo / name).read_bytes() for name in names]
    with pytest.raises(FailedError, match="stop"):
        run(workspace, *names)
    assert len(begun) < len(names)
    assert [(files_world.repo / name).read_bytes() for name in names] == before
    workspace.sops = real
    assert run(workspace, *names) == names
