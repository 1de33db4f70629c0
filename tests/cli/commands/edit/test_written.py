"""What an edit writes: what was typed, named by path without its value, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.cli.commands.edit.editor import FILE, SECRET, SENTINEL, TEXT, edit, kept_edits
from tests.world import World


def test_a_change_is_written_and_named_by_path_without_its_value(filled: World) -> None:
    before = (filled.repo / FILE).read_text().splitlines()
    script = f'sed -i "s/old/{SENTINEL}/; /user: app/d" "$1"; echo "new: 1" >> "$1"'
    done = edit(filled, script)
    assert done.status == 0, done.stderr
    assert "~ db.password" in done.stderr
    assert "- db.user" in done.stderr
    assert "+ new" in done.stderr
    assert SENTINEL not in done.stdout + done.stderr
    wanted = TEXT.replace("old", SENTINEL).replace("    user: app\n", "") + "new: 1\n"
    assert filled.decrypt(FILE) == wanted
    after = set((filled.repo / FILE).read_text().splitlines())
    kept = [line for line in before if line in after and "ENC[" in line]
    assert len(kept) == 6, "values that nobody touched keep their ciphertext"


@pytest.mark.parametrize("script", ["true", 'touch "$1"', 'printf "\\n" >> "$1"'])
def test_no_change_writes_nothing(filled: World, script: str) -> None:
    before = (filled.repo / FILE).read_bytes()
    done = edit(filled, script)
    assert done.status == 0
    assert "nothing was changed" in done.stderr
    assert (filled.repo / FILE).read_bytes() == before


def test_a_change_of_comments_alone_counts(filled: World) -> None:
    done = edit(filled, 'sed -i "s/its user/the user/" "$1"', "--json")
    report = json.loads(done.stdout)
    assert (report["written"], report["others"], report["changed"]) == (True, True, [])
    assert filled.decrypt(FILE) == TEXT.replace("its user", "the user")


def test_a_dry_run_tells_and_writes_nothing(filled: World) -> None:
    before = (filled.repo / FILE).read_bytes()
    done = edit(filled, 'sed -i s/5432/5433/ "$1"', "--dry-run", "--json")
    assert done.status == 0
    assert json.loads(done.stdout) == {
        "schema": "plana-secrets/edit/1",
        "file": FILE,
        "written": False,
        "added": [],
        "changed": ["port"],
        "removed": [],
        "others": False,
        "as_text": [],
        "merged": False,
        "dry_run": True,
    }
    assert (filled.repo / FILE).read_bytes() == before
    assert kept_edits(filled) == []


def test_a_new_file_can_be_typed_into(world: World) -> None:
    world.run("new", FILE)
    assert edit(world, '[ ! -s "$1" ] && echo "password: x" >> "$1"').status == 0
    assert world.run("get", FILE, "password").stdout == "x"
    world.run("new", SECRET, "--name", "app")
    script = 'tail -n 1 "$1" | grep -qx "stringData:" && echo "    key: 0042" >> "$1"'
    assert edit(world, script, file=SECRET).status == 0
    assert world.run("get", SECRET, "stringData.key").stdout == "0042"


@pytest.mark.long
def test_the_first_entry_of_a_new_secret_removes_nothing(world: World) -> None:
    world.run("new", SECRET, "--kind", "secret", "--name", "app")
    done = edit(world, 'echo "  password: x" >> "$1"', file=SECRET)
    assert (done.status, "- stringData" in done.stderr) == (0, False)


def test_a_new_file_left_as_it_is_shown_is_no_error(world: World) -> None:
    for file in (FILE, SECRET):
        world.run("new", file)
        before = (world.repo / file).read_bytes()
        done = edit(world, "sleep 1.1", file=file)
        assert (done.status, done.stderr) == (0, f"nothing was changed in {file}\n")
        assert (world.repo / file).read_bytes() == before


def test_numbers_are_kept_as_typed_and_types_are_left_alone(filled: World) -> None:
    done = edit(filled, r"""printf 'pin: 0042\nbig: 12345678901234567890123\n' >> "$1" """)
    assert done.status == 0, done.stderr
    assert "kept as text: pin, big" in done.stderr
    assert filled.run("get", FILE, "pin").stdout == "0042"
    assert json.loads(filled.run("get", FILE, "port", "--json").stdout)["type"] == "int"
    done = edit(filled, r"""printf 'hex: 0x1F\n' >> "$1" """, "--typed")
    assert filled.run("get", FILE, "hex").stdout == "31"


def test_a_value_that_is_a_comment_is_warned_of(filled: World) -> None:
    done = edit(filled, r"""printf 'pw: #x\n' >> "$1" """)
    assert "null: pw; quote a value" in done.stderr


def test_a_value_that_a_comment_cuts_is_warned_of(filled: World) -> None:
    done = edit(filled, r"""printf 'pw: abc #1\nother: x # a note\nquoted: "a #1"\n' >> "$1" """)
    assert "ends before ' #', a comment: pw; quote a value that contains it" in done.stderr
    assert filled.run("get", FILE, "quoted").stdout == "a #1"
    assert "ends before" not in edit(filled, r"""printf 'more: 1\n' >> "$1" """).stderr
