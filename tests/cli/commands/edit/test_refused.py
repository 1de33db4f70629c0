"""Mistakes are explained by their place, and nothing is written."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.commands.edit.editor import FILE, SECRET, SENTINEL, TEXT, edit, editor, kept_edits
from tests.cli.terminal import run_at_terminal
from tests.world import World


@pytest.mark.parametrize(
    ("addition", "place"),
    [
        (f"a: [{SENTINEL}", ":1[23]:"),
        (f"port: {SENTINEL}", ":12:"),
        (f"a: &x {SENTINEL}", ":12:"),
        (f"a: !!str {SENTINEL}", ":12:"),
        (f"b_unencrypted: {SENTINEL}", "b_unencrypted: "),
        (f"sops: {SENTINEL}", "."),
        (f"--- {SENTINEL}", ":1[23]:"),
        (f"1: {SENTINEL}", ":12:"),
    ],
)
def test_a_mistake_is_explained_by_its_place_and_nothing_is_written(
    filled: World, addition: str, place: str
) -> None:
    before = (filled.repo / FILE).read_bytes()
    done = edit(filled, f"cat >> \"$1\" <<'END'\n{addition}\nEND")
    assert done.status in {2, 3}
    assert re.search(place, done.stderr), done.stderr
    assert SENTINEL not in done.stdout + done.stderr
    assert (filled.repo / FILE).read_bytes() == before
    assert len(kept_edits(filled)) == 1
    assert SENTINEL.encode() not in kept_edits(filled)[0].read_bytes()
    again = filled.run("edit", FILE, env=editor(filled, "true"))
    assert "is already kept; it was not written: " in again.stderr
    assert SENTINEL not in again.stderr


APP = "infra/secrets/dev/app.secret.yaml"
NAMELESS = "apiVersion: v1\nkind: Secret\nmetadata:\n    namespace: app\nstringData:\n    a: b\n"


def test_an_edit_makes_no_manifest_wrong_and_may_leave_one_wrong(world: World) -> None:
    good = NAMELESS.replace("namespace", "name")
    for script, kind, path in (
        ("sed -i s/name:/namespace:/", "bad-manifest", "metadata.name"),
        ("sed -i 's/kind: .*/kind: List/'", "bad-manifest", "kind"),
        ("sed -i 's/a: b/a: [b]/'", "not-a-string", "stringData.a"),
        ("sed -i 's/a: b/a: 5/'", "not-a-string", "stringData.a"),
    ):
        world.encrypt(APP, good)
        world.run("edit", APP, "--discard")  # what the round before kept
        done = world.run("edit", APP, "--json", env=editor(world, f'{script} "$1"'))
        report = json.loads(done.stdout)
        assert (report["kind"], report["message"].split(":")[0]) == (kind, path)
    world.encrypt(APP, NAMELESS)
    world.run("edit", APP, "--discard")
    done = world.run("edit", APP, env=editor(world, 'sed -i s/b$/c/ "$1"'))
    assert done.status == 0, done.stderr


def test_an_emptied_file_and_a_failing_editor_change_nothing(filled: World) -> None:
    before = (filled.repo / FILE).read_bytes()
    for script, kind, words in (
        (': > "$1"', "last-value", "would be empty"),
        ("exit 3", "editor-failed", "failed with exit status 3; nothing"),
        ("kill -9 $$", "editor-failed", "was killed by signal 9; nothing"),
        ('rm "$1"', "draft-removed", ""),
    ):
        done = edit(filled, script, "--json")
        assert done.status in {2, 3}, script
        report = json.loads(done.stdout)
        assert (report["kind"], words in report["message"]) == (kind, True)
        assert (filled.repo / FILE).read_bytes() == before


MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
    name: app
stringData:
    KEY: old
"""


def test_a_value_at_the_wrong_indentation_does_not_end_up_readable(world: World) -> None:
    world.encrypt(SECRET, MANIFEST)
    before = (world.repo / SECRET).read_bytes()
    done = edit(world, f'echo "API_KEY: {SENTINEL}" >> "$1"', file=SECRET)
    assert done.status == 2
    assert "API_KEY would be unencrypted" in done.stderr
    assert (world.repo / SECRET).read_bytes() == before
    assert world.run("edit", SECRET, "--discard").status == 0
    done = edit(world, 'sed -i "s/KEY: old/KEY: [a]/" "$1"', file=SECRET)
    assert done.status == 2
    assert world.run("edit", SECRET, "--discard").status == 0
    done = edit(world, 'sed -i "s/name: app/name: shop/; s/old/new/" "$1"', file=SECRET)
    assert done.status == 0, done.stderr
    assert world.decrypt(SECRET) == MANIFEST.replace("app", "shop").replace("old", "new")


def test_at_a_terminal_a_mistake_opens_the_editor_again(filled: World) -> None:
    script = (
        'if grep -q "a: \\[" "$1"; then sed -i "s/a: \\[/a: 1/" "$1"; else echo "a: [" >> "$1"; fi'
    )
    done = run_at_terminal(
        filled, "edit", FILE, env=editor(filled, script), answers=[("edit again", "\n")]
    )
    assert done.status == 0, done.screen
    assert "a mistake" in done.screen
    assert "quote a value that begins with" in done.screen
    assert filled.decrypt(FILE) == TEXT + "a: 1\n"


def test_at_a_terminal_an_edit_may_be_given_up(filled: World) -> None:
    before = (filled.repo / FILE).read_bytes()
    env = editor(filled, 'echo "a: [" >> "$1"')
    done = run_at_terminal(filled, "edit", FILE, env=env, answers=[("edit again", "q\n")])
    assert done.status == 3
    assert (filled.repo / FILE).read_bytes() == before
    assert kept_edits(filled) == []
