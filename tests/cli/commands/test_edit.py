"""edit: checked before it is written, merged with what others did, never lost, never leaked."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.terminal import run_at_terminal
from tests.world import DEFAULT_RULES, PROGRAM, Result, World

FILE = "infra/secrets/dev/example.yaml"
SECRET = "infra/secrets/dev/app.secret.yaml"
SENTINEL = "sentinel-93ab-value"

TEXT = """\
# the database
db:
    # its user
    user: app
    password: old
port: 5432
since: 2020-01-02T00:00:00Z
nothing: null
hosts:
    - a
    - b
"""


@pytest.fixture
def filled(world: World) -> World:
    world.encrypt(FILE, TEXT)
    return world


def editor(world: World, script: str, name: str = "editor") -> dict[str, str]:
    """An editor that is a shell script; ``$1`` is the file."""
    program = world.folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PLANA_EDITOR": str(program)}


def edit(world: World, script: str, *options: str, file: str = FILE) -> Result:
    return world.run("edit", file, *options, env=editor(world, script))


def meanwhile(world: World, path: str, value: str) -> str:
    """A line of script: somebody else sets a value."""
    program = " ".join(PROGRAM)
    return (
        f"printf {value} | SOPS_AGE_KEY_FILE={world.key_file} {program} --repo {world.repo}"
        f" --quiet set {FILE} {path} --stdin"
    )


def kept_edits(world: World) -> list[Path]:
    return list((world.repo / ".git/plana-secrets/edits").glob("*"))


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
    for script, kind in (
        (': > "$1"', "last-value"),
        ("exit 3", "editor-failed"),
        ('rm "$1"', "draft-removed"),
    ):
        done = edit(filled, script, "--json")
        assert done.status in {2, 3}, script
        assert json.loads(done.stdout)["kind"] in {kind, "bad-content"}
        assert (filled.repo / FILE).read_bytes() == before


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


# -- what a manifest allows

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


def test_keyset_files_are_refused_before_an_editor_starts(world: World) -> None:
    file = "infra/secrets/keysets/a.yaml"
    world.encrypt(file, "keys:\n    a:\n        value: x\n")
    done = world.run("edit", file, "--json", env=editor(world, f"touch {world.folder}/ran"))
    assert json.loads(done.stdout)["kind"] == "keyset-file"
    assert not (world.folder / "ran").exists()


# -- others, meanwhile


def test_changes_of_different_paths_are_merged(filled: World) -> None:
    script = 'sed -i "s/5432/5433/" "$1"\n' + meanwhile(filled, "db.password", "theirs")
    done = edit(filled, script)
    assert done.status == 0, done.stderr
    assert "changes made by others in the meantime were kept" in done.stderr
    assert filled.decrypt(FILE) == TEXT.replace("5432", "5433").replace("old", "theirs")


def test_the_same_path_without_a_terminal_is_kept_encrypted_and_goes_on(filled: World) -> None:
    script = f'sed -i "s/old/{SENTINEL}/; s/5432/5433/" "$1"\n'
    script += meanwhile(filled, "db.password", "theirs")
    done = edit(filled, script)
    assert done.status == 6
    assert f"plana-secrets edit {FILE} --continue" in done.stderr
    assert "password: theirs" in filled.decrypt(FILE)
    (kept,) = kept_edits(filled)
    assert SENTINEL.encode() not in kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert edit(filled, "true").status == 6, "a kept edit is not forgotten by the next"
    assert filled.run("edit", FILE, "--continue").status == 6
    done = filled.run("edit", FILE, "--continue", "--prefer", "mine")
    assert done.status == 0, done.stderr
    assert SENTINEL not in done.stdout + done.stderr
    wanted = TEXT.replace("old", SENTINEL).replace("5432", "5433")
    assert filled.decrypt(FILE) == wanted
    assert kept_edits(filled) == []
    assert filled.run("edit", FILE, "--continue").status == 2


@pytest.mark.long
def test_the_others_may_win_and_a_kept_edit_may_be_dropped(filled: World) -> None:
    script = 'sed -i "s/old/mine/" "$1"\n' + meanwhile(filled, "db.password", "theirs")
    assert edit(filled, script, "--prefer", "theirs").status == 0
    assert "password: theirs" in filled.decrypt(FILE)
    script = 'sed -i "s/theirs/mine/" "$1"\n' + meanwhile(filled, "db.password", "again")
    assert edit(filled, script).status == 6
    assert filled.run("edit", FILE, "--discard").status == 0
    assert kept_edits(filled) == []
    assert filled.run("edit", FILE, "--discard").status == 2


@pytest.mark.long
def test_an_edit_that_finds_the_lock_held_is_kept(filled: World) -> None:
    """A person typed it; somebody else's lock is no reason to type it again."""
    lock = filled.repo / ".git/plana-secrets/lock"
    lock.parent.mkdir()
    script = 'sed -i "s/old/mine/" "$1"'
    env = editor(filled, script)
    hold = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, 2); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-I", "-c", hold, str(lock)])
    try:
        while subprocess.run(["flock", "-n", str(lock), "true"], check=False).returncode == 0:
            time.sleep(0.02)
        done = filled.run("edit", FILE, "--wait", "1", env=env)
    finally:
        holder.kill()
        holder.wait()
    assert done.status == 6, done.stderr
    assert "is kept" in done.stderr
    assert filled.run("edit", FILE, "--continue").status == 0
    assert "password: mine" in filled.decrypt(FILE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_in_the_middle_keeps_what_was_saved_and_leaves_nothing(
    filled: World, number: signal.Signals
) -> None:
    ready = filled.folder / "ready"
    env = editor(
        filled,
        f'sed -i "s/old/mine/" "$1"; pwd > {ready}.new; mv {ready}.new {ready}; exec sleep 30',
    )
    child = subprocess.Popen(
        [*PROGRAM, "edit", FILE], cwd=filled.repo, env=filled.environment | env,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    while not ready.exists():
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(number)
    _, stderr = child.communicate(timeout=30)
    assert child.returncode == 143
    assert b"is kept" in stderr
    assert not Path(ready.read_text().strip()).exists()
    assert filled.run("edit", FILE, "--continue").status == 0
    assert "password: mine" in filled.decrypt(FILE)


# -- at a terminal


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


@pytest.mark.parametrize(("answer", "value"), [("m", "mine"), ("t", "theirs")])
def test_at_a_terminal_the_same_path_is_asked_about(filled: World, answer: str, value: str) -> None:
    script = 'sed -i "s/old/mine/" "$1"\n' + meanwhile(filled, "db.password", "theirs")
    done = run_at_terminal(
        filled, "edit", FILE, env=editor(filled, script), answers=[("[q]uit", f"x\n{answer}\n")]
    )
    assert done.status == 0, done.screen
    assert "db.password" in done.screen
    assert f"password: {value}" in filled.decrypt(FILE)


@pytest.mark.long
def test_ctrl_c_belongs_to_the_editor(filled: World) -> None:
    script = 'trap "" INT; sed -i "s/old/mine/" "$1"; echo now; sleep 1'
    done = run_at_terminal(
        filled, "edit", FILE, env=editor(filled, script), answers=[("now", "\x03")]
    )
    assert done.status == 0, done.screen
    assert "password: mine" in filled.decrypt(FILE)


GREEDY_VIMRC = """\
set undofile undodir=~/undo// backup backupdir=~/backup// directory=~/swap// viminfo='100,<50
set modeline
"""


@pytest.mark.parametrize("program", ["vim", "nvim", "vi"])
def test_vim_leaves_nothing_at_home(filled: World, program: str) -> None:
    """Even with settings that keep undo, backup and swap files there."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    settings = [filled.home / ".vimrc", filled.home / ".config/nvim/init.vim"]
    for path in settings:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GREEDY_VIMRC.replace("viminfo", "shada" if path.suffix else "viminfo"))
    for folder in ("undo", "backup", "swap"):
        (filled.home / folder).mkdir()
    keys = f":%s/old/{SENTINEL}/\r:w\r:%s/app/{SENTINEL}-2/\r:wq\r"
    done = run_at_terminal(
        filled, "edit", FILE, env={"PLANA_EDITOR": program}, answers=[("database", keys)]
    )
    assert done.status == 0, done.screen
    assert f"password: {SENTINEL}" in filled.decrypt(FILE)
    assert leftovers(filled.home) == []
    for folder in ("undo", "backup", "swap"):
        assert list((filled.home / folder).iterdir()) == []
    assert not (filled.home / ".viminfo").exists()


def test_nano_leaves_nothing_at_home(filled: World) -> None:
    if shutil.which("nano") is None:
        pytest.skip("nano is not installed")
    (filled.home / ".nanorc").write_text("set backup\nset historylog\nset positionlog\n")
    done = run_at_terminal(
        filled, "edit", FILE, env={"PLANA_EDITOR": "nano"},
        answers=[("database", f"x: {SENTINEL}\r\x0f\r"), ("Wrote", "\x18")],
    )  # fmt: skip
    assert done.status == 0, done.screen
    assert SENTINEL in filled.decrypt(FILE)
    assert leftovers(filled.home) == []


def leftovers(folder: Path) -> list[Path]:
    """Files that hold the sentinel, or a value from before."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and any(word in path.read_bytes() for word in (SENTINEL.encode(), b"password"))
    ]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.long
def test_values_are_in_no_execve_and_in_no_file_outside_memory(
    filled: World, tmp_path: Path
) -> None:
    """The old value and the new one, through sops, the editor and ours, kept edits included."""
    filled.encrypt(FILE, TEXT.replace("old", f"{SENTINEL}-old"))
    program = filled.folder / "change.py"
    program.write_text(
        "import sys\np = sys.argv[1]\nt = open(p).read()\n"
        "open(p, 'w').write(t.replace('93ab-value-old', '93ab-value-new'))\n"
    )
    env = editor(
        filled, f'{sys.executable} -I {program} "$1"\n' + meanwhile(filled, "db.password", "theirs")
    )
    log = tmp_path / "trace"
    calls = "trace=execve,write,writev,pwrite64,sendto,sendmsg"
    done = filled.command(
        "strace", "-f", "-v", "-y", "-s", "100000", "-o", str(log), "-e", calls,
        *PROGRAM, "edit", FILE, env=env, check=False,
    )  # fmt: skip
    assert done.status == 6
    lines = [line for line in log.read_text(errors="replace").splitlines() if SENTINEL in line]
    assert lines
    assert [line for line in lines if " execve(" in line] == []
    for line in lines:
        match = re.search(r"write(?:v|64)?\(\d+<(?P<place>[^>]*)>", line)
        assert match, line[:200]
        assert match["place"].startswith(("pipe:", "/memfd:", "/dev/shm/", "/run/user/")), line[
            :200
        ]
    log.unlink()
    for path in filled.folder.rglob("*"):
        if path.is_file():
            assert SENTINEL.encode() not in path.read_bytes(), path


# -- what was typed is in the file or kept

ENDINGS = {
    "killed after it saved": ('echo "new: typed" >> "$1"; kill -9 $$', "kept"),
    "a status after it saved": ('echo "new: typed" >> "$1"; exit 3', "kept"),
    "no YAML": ('echo "new: [typed" >> "$1"', "kept"),
    "no text": (r"""printf 'new: typed\377\n' >> "$1" """, "kept"),
    "carriage returns": (r"""echo "new: typed" >> "$1"; sed -i 's/$/\r/' "$1" """, "written"),
    "a byte order mark": (
        r"""echo "new: typed" >> "$1"; printf '\357\273\277' | cat - "$1" > x; mv x "$1" """,
        "written",
    ),
    "a new file in its place": ('{ cat "$1"; echo "new: typed"; } > x; mv x "$1"', "written"),
    "the file in the repository gone": ('echo "new: typed" >> "$1"; rm "$REPO_FILE"', "kept"),
    "emptied": (': > "$1"', "nothing"),
    "removed": ('rm "$1"', "nothing"),
    "left as it was": ("true", "nothing"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_typed_is_in_the_file_or_kept(filled: World, ending: str) -> None:
    script, outcome = ENDINGS[ending]
    secret_file = filled.repo / FILE
    before = secret_file.read_bytes()
    env = editor(filled, script) | {"REPO_FILE": str(secret_file)}
    done = filled.run("edit", FILE, env=env)
    if outcome == "written":
        assert done.status == 0, done.stderr
        assert filled.run("get", FILE, "new").stdout == "typed"
        assert kept_edits(filled) == []
        return
    secret_file.write_bytes(before)
    assert done.status == (0 if ending == "left as it was" else done.status)
    assert bool(kept_edits(filled)) == (outcome == "kept"), done.stderr
    if outcome == "kept":
        assert f"plana-secrets edit {FILE} --continue" in done.stderr
        seen = filled.folder / "seen"
        repair = f"""cp "$1" {seen}; sed -i '/^new/d' "$1"; echo "new: typed" >> "$1" """
        resumed = filled.run("edit", FILE, "--continue", env=editor(filled, repair))
        if resumed.status != 0:  # without a terminal a mistake stays a mistake
            assert "is kept" in resumed.stderr
            assert kept_edits(filled)
        else:
            assert filled.run("get", FILE, "new").stdout == "typed"


@pytest.mark.long
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_at_a_terminal(filled: World, ending: str) -> None:
    """A mistake opens the editor again, with the text of before if it removed the file;
    everything else is as without a terminal."""
    script, outcome = ENDINGS[ending]
    secret_file = filled.repo / FILE
    before = secret_file.read_bytes()
    once = filled.folder / "once"
    repair = """sed -i '/^new/d' "$1"; echo "new: typed" >> "$1" """
    whole = f"if [ -e {once} ]; then {repair}; else touch {once}; {script}; fi"
    env = editor(filled, whole) | {"REPO_FILE": str(secret_file)}
    is_mistake = ending in {"no YAML", "no text", "emptied", "removed"}
    answers = [("edit again", "\n")] if is_mistake else []
    done = run_at_terminal(filled, "edit", FILE, answers=answers, env=env)
    if outcome == "written" or is_mistake:
        assert done.status == 0, done.screen
        assert filled.run("get", FILE, "new").stdout == "typed"
        assert kept_edits(filled) == []
        return
    secret_file.write_bytes(before)
    assert bool(kept_edits(filled)) == (outcome == "kept"), done.screen
    if outcome == "kept":
        assert f"plana-secrets edit {FILE} --continue" in done.screen
        assert filled.run("edit", FILE, "--continue", env=env).status == 0
        assert filled.run("get", FILE, "new").stdout == "typed"


def test_an_edit_is_kept_in_memory_where_the_disk_takes_nothing(filled: World) -> None:
    place = filled.repo / ".git/plana-secrets/edits"
    place.parent.mkdir()
    place.write_text("in the way of the folder, as a full disk is")
    failed = edit(filled, 'echo "new: typed" >> "$1"; exit 1')
    assert f"until this machine restarts: {filled.memory}/plana-secrets-kept." in failed.stderr
    (sealed,) = filled.memory.glob("plana-secrets-kept.*/*")
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert b"typed" not in sealed.read_bytes()
    assert f"plana-secrets edit {FILE} --continue" in filled.run("status").stdout
    assert "is already kept" in edit(filled, "true").stderr
    assert edit(filled, "true", "--continue").status == 0
    assert filled.run("get", FILE, "new").stdout == "typed"
    assert not sealed.exists()


def test_an_edit_that_fails_again_goes_back_to_the_git_dir(filled: World) -> None:
    place = filled.repo / ".git/plana-secrets/edits"
    place.parent.mkdir()
    place.touch()
    edit(filled, 'echo "bad: [" >> "$1"')
    (sealed,) = filled.memory.glob("plana-secrets-kept.*/*")
    place.unlink()
    assert edit(filled, "true", "--continue").status == 3
    assert not sealed.exists()
    assert len(kept_edits(filled)) == 1


def test_an_edit_in_memory_is_not_taken_from_another_user(filled: World) -> None:
    place = filled.repo / ".git/plana-secrets/edits"
    place.parent.mkdir()
    place.touch()
    edit(filled, 'printf "bad: [" >> "$1"')
    (folder,) = filled.memory.glob("plana-secrets-kept.*")
    folder.chmod(0o777)
    assert "no edit" in edit(filled, "true", "--continue").stderr


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


def test_an_editor_that_returns_at_once_gets_a_hint(filled: World) -> None:
    done = edit(filled, "exit 0")
    assert done.status == 0
    assert "--wait" in done.stderr


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
