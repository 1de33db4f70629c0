"""Which editor ``edit`` starts, where, and when it starts none."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.commands.edit.editor import FILE, TEXT, edit, editor
from tests.cli.terminal import run_at_terminal
from tests.world import DEFAULT_RULES, World


def test_the_editor_sees_the_text_in_a_private_folder_in_memory(filled: World) -> None:
    """Named like the file, for its colours, and with nothing of ours in the environment."""
    out = filled.folder / "seen"
    script = f'{{ echo "$1"; pwd; stat -c %a "$1" .; env; }} > {out}; cat "$1" >> {out}'
    assert edit(filled, script).status == 0
    seen = out.read_text()
    path, folder, file_mode, folder_mode = seen.splitlines()[:4]
    assert re.fullmatch(rf"{filled.memory}/plana-secrets\.[^/]+/example\.yaml", path)
    assert Path(path).parent == Path(folder)
    assert (file_mode, folder_mode) == ("600", "700")
    assert f"TMPDIR={folder}" in seen
    assert "SOPS_" not in seen
    assert TEXT in seen
    assert not Path(folder).exists()


def test_the_order_in_which_editors_are_chosen(filled: World) -> None:
    out = filled.folder / "chosen"
    names = ["PLANA_EDITOR", "VISUAL", "EDITOR"]
    for start in range(3):
        env = {}
        for name in names[start:]:
            env[name] = editor(filled, f"echo {name} > {out}", name)["PLANA_EDITOR"]
        assert filled.run("edit", FILE, env=env).status == 0
        assert out.read_text().strip() == names[start]
    done = filled.run("edit", FILE, "--json", env={"PLANA_EDITOR": "'"})
    assert json.loads(done.stdout)["kind"] == "bad-editor"
    done = filled.run("edit", FILE, "--json", env={"PLANA_EDITOR": "/nonexistent/editor"})
    assert json.loads(done.stdout)["kind"] == "editor-missing"


@pytest.mark.parametrize("name", [None, "vi", "vim -u NONE", "nvim", "nano", "emacs -nw", "emacs"])
def test_an_editor_that_waits_for_keys_is_not_started_where_nobody_types(
    filled: World, name: str | None
) -> None:
    """It would hang in a pipe or a job."""
    env = {"EDITOR": name} if name else {}
    done = filled.run("edit", FILE, "--json", env=env)
    error = json.loads(done.stdout)
    assert (done.status, error["kind"]) == (2, "no-input")
    assert f"`plana-secrets set {FILE} PATH --stdin`" in error["hint"], "edit has no --stdin"


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
def test_a_vim_that_follows_a_script_needs_no_terminal(filled: World) -> None:
    done = filled.run("edit", FILE, env={"EDITOR": "vim -es -c %s/database/store/ -c wq"})
    assert done.status == 0, done.stderr
    assert filled.decrypt(FILE) == TEXT.replace("database", "store")


def test_what_the_editor_prints_is_not_among_the_data(filled: World) -> None:
    done = edit(filled, 'echo drawn; sed -i s/5432/5433/ "$1"', "--json")
    assert json.loads(done.stdout)["changed"] == ["port"]
    assert "drawn" in done.stderr


def test_a_file_that_could_not_be_written_is_refused_before_the_editor_starts(
    filled: World,
) -> None:
    """Its recipients are not those of its rule any more."""
    filled.others.append(type(filled.identity).generate())
    filled.write_rules(DEFAULT_RULES)
    done = filled.run("edit", FILE, "--json", env=editor(filled, f"touch {filled.folder}/ran"))
    assert (done.status, json.loads(done.stdout)["kind"]) == (3, "recipients-differ")
    assert not (filled.folder / "ran").exists()


def test_an_editor_of_the_checkout_is_not_found_by_a_relative_name(filled: World) -> None:
    """It starts in the private folder, where no file of the repository is."""
    program = filled.repo / "evil"
    program.write_text("#!/bin/sh\ntouch ran\n")
    program.chmod(0o755)
    assert filled.run("edit", FILE, env={"PLANA_EDITOR": "./evil"}).status == 3
    assert not (filled.repo / "ran").exists()


def test_a_window_that_returns_at_once_is_told_how_to_wait(filled: World) -> None:
    env = editor(filled, "exit 0", "code")
    done = filled.run("edit", FILE, "--json", env=env)
    assert json.loads(done.stdout)["kind"] == "editor-did-not-wait"
    assert "code --wait" in done.stderr
    assert "may keep copies" in done.stderr
    env["PLANA_EDITOR"] += " --wait"
    assert filled.run("edit", FILE, env=env).status == 0


def test_keyset_files_are_refused_before_an_editor_starts(world: World) -> None:
    file = "infra/secrets/keysets/a.yaml"
    world.encrypt(file, "keys:\n    a:\n        value: x\n")
    done = world.run("edit", file, "--json", env=editor(world, f"touch {world.folder}/ran"))
    assert json.loads(done.stdout)["kind"] == "keyset-file"
    assert not (world.folder / "ran").exists()


@pytest.mark.long
def test_ctrl_c_belongs_to_the_editor(filled: World) -> None:
    script = 'trap "" INT; sed -i "s/old/mine/" "$1"; echo now; sleep 1'
    done = run_at_terminal(
        filled, "edit", FILE, env=editor(filled, script), answers=[("now", "\x03")]
    )
    assert done.status == 0, done.screen
    assert "password: mine" in filled.decrypt(FILE)


def test_an_editor_that_returns_at_once_gets_a_hint(filled: World) -> None:
    done = edit(filled, "exit 0")
    assert done.status == 0
    assert "--wait" in done.stderr
