"""ls, show, get, set, unset, diff, status, recover: as a person and a script use them."""

from __future__ import annotations

import json
import re

import pyrage
import pytest

from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import IntendedFile, Intent, Stage
from plana_secrets.storage import digest_of
from tests.cli.terminal import run_at_terminal
from tests.markup import PLAIN_ELEMENTS, markup_of
from tests.secretfiles.conftest import (
    PLAIN_FILE,
    PLAIN_TEXT,
    SECRET_FILE,
    SECRET_TEXT,
    make_workspace,
)
from tests.world import DEFAULT_RULES, PROGRAM, World

VALUES = ("old-password", "old-key", "b2xkLXRva2Vu", "old-token", "5432")


@pytest.fixture
def files_world(world: World) -> World:
    world.encrypt(PLAIN_FILE, PLAIN_TEXT)
    world.encrypt(SECRET_FILE, SECRET_TEXT)
    world.commit("files")
    return world


def without_identity(world: World) -> dict[str, str]:
    """An environment in which no identity is to be found."""
    return {"SOPS_AGE_KEY_FILE": "", "HOME": str(world.folder / "nobody")}


class TestLooking:
    def test_ls_names_files_and_kinds_without_an_identity(self, files_world: World) -> None:
        (files_world.repo / "infra/secrets/plain.yaml").write_text("a: readable\n")
        done = files_world.run("ls", "--json", "--check", env=without_identity(files_world))
        rows = {row["file"]: row for row in json.loads(done.stdout)["files"]}
        assert rows[PLAIN_FILE] == {"file": PLAIN_FILE, "kind": "plain-map", "problem": None}
        assert rows[SECRET_FILE]["kind"] == "kubernetes-secret"
        assert "not encrypted" in rows["infra/secrets/plain.yaml"]["problem"]
        assert done.status == 1
        assert files_world.run("ls").status == 0

    def test_ls_of_a_file_names_its_paths(self, files_world: World) -> None:
        done = files_world.run("ls", PLAIN_FILE, env=without_identity(files_world))
        rows = [line.split() for line in done.stdout.splitlines()]
        assert ["db.password", "str"] in rows
        assert ["port", "int"] in rows
        assert ["nothing", "null", "readable"] in rows

    def test_where_there_is_no_repository_nothing_is_said_to_be_open(self, world: World) -> None:
        done = world.run("ls", "--repo", str(world.home))
        assert done.status == 2
        assert "interrupted" not in done.stderr

    def test_show_is_masked_and_needs_no_identity(self, files_world: World) -> None:
        json_form = files_world.run("show", PLAIN_FILE, "--json", env=without_identity(files_world))
        text_form = files_world.run("show", SECRET_FILE, env=without_identity(files_world))
        for done in (json_form, text_form):
            assert done.status == 0
            assert "***" in done.stdout
            assert not any(value in done.stdout for value in VALUES)
        assert 'API_KEY: "***"' in text_form.stdout
        assert 'kind: "Secret"' in text_form.stdout

    def test_show_revealed_is_what_sops_decrypts(self, files_world: World) -> None:
        shown = json.loads(files_world.run("show", PLAIN_FILE, "--json", "--reveal").stdout)
        sops = files_world.sops("decrypt", "--output-type", "json", PLAIN_FILE).stdout
        assert shown["data"] == json.loads(sops)
        text = files_world.run("show", PLAIN_FILE, "--reveal").stdout
        assert "# the database of the example" in text
        assert 'password: "old-password"' in text

    def test_nothing_is_revealed_into_the_log_of_a_job(self, files_world: World) -> None:
        done = files_world.run("show", PLAIN_FILE, "--reveal", env={"CI": "true"})
        assert (done.status, done.stdout) == (2, "")
        assert files_world.run("get", PLAIN_FILE, "port", env={"CI": "true"}).stdout == "5432"

    def test_get_gives_the_bytes_and_nothing_else(self, files_world: World) -> None:
        for arguments, expected in (
            ((PLAIN_FILE, "db.password"), "old-password"),
            ((f"{PLAIN_FILE}#port",), "5432"),
            ((PLAIN_FILE, "debug"), "false"),
            ((SECRET_FILE, "data.TOKEN", "--decode"), "old-token"),
        ):
            assert files_world.run("get", *arguments).stdout == expected

    def test_get_says_what_is_wrong(self, files_world: World) -> None:
        near = files_world.run("get", PLAIN_FILE, "db.pasword")
        assert (near.status, near.stdout) == (2, "")
        assert "did you mean db.password?" in near.stderr
        assert "is a map or a list" in files_world.run("get", PLAIN_FILE, "db").stderr
        nobody = files_world.run("get", PLAIN_FILE, "port", env=without_identity(files_world))
        assert nobody.status == 4

    def test_a_file_is_found_from_its_folder_too(self, files_world: World) -> None:
        folder = files_world.repo / "infra/secrets/dev"
        done = files_world.command(
            "sh", "-c", f'cd "{folder}" && exec "$0" "$@"', *PROGRAM, "get", "example.yaml", "port"
        )
        assert done.stdout == "5432"
        elsewhere = files_world.command(
            "sh", "-c", 'cd / && exec "$0" "$@"', *PROGRAM,
            "--repo", str(files_world.repo), "get", PLAIN_FILE, "port",
        )  # fmt: skip
        assert elsewhere.stdout == "5432"


class TestSetting:
    def test_a_value_from_stdin_comes_back_byte_for_byte(self, files_world: World) -> None:
        value = "s3cr3t ü\n\ttab"
        done = files_world.run("set", PLAIN_FILE, "db.password", "--stdin", stdin=value.encode())
        assert (done.status, done.stdout) == (0, "")
        assert value not in done.stderr
        assert files_world.run("get", PLAIN_FILE, "db.password").stdout == value
        assert "s3cr3t" in files_world.decrypt(PLAIN_FILE)

    def test_a_final_newline_is_kept_and_pointed_out(self, files_world: World) -> None:
        done = files_world.run("set", PLAIN_FILE, "a", "--stdin", stdin=b"x\n")
        assert "ends with a newline" in done.stderr
        assert files_world.run("get", PLAIN_FILE, "a").stdout == "x\n"

    def test_from_a_file_and_generated(self, files_world: World) -> None:
        source = files_world.folder / "value"
        source.write_bytes(b"from a file")
        files_world.run("set", PLAIN_FILE, "a", "--from-file", str(source))
        assert files_world.run("get", PLAIN_FILE, "a").stdout == "from a file"
        made = files_world.run("set", PLAIN_FILE, "a", "--generate", "hex:24")
        value = files_world.run("get", PLAIN_FILE, "a").stdout
        assert re.fullmatch("[0-9a-f]{48}", value)
        assert value not in made.stdout + made.stderr

    def test_a_number_stays_one_on_request_and_never_changes_by_accident(
        self, files_world: World
    ) -> None:
        refused = files_world.run("set", PLAIN_FILE, "port", "--stdin", stdin=b"99")
        assert refused.status == 2
        assert "of type int" in refused.stderr
        assert "default: str" in files_world.run("set", "--help").stdout
        arguments = ("set", PLAIN_FILE, "port", "--stdin", "--type")
        done = files_world.run(*arguments, "int", stdin=b"99\n")
        assert done.status == 0
        assert "newline" not in done.stderr, "a number has none to keep"
        assert "port: 99\n" in files_world.decrypt(PLAIN_FILE)
        files_world.run(*arguments, "str", stdin=b"99")
        assert 'port: "99"\n' in files_world.decrypt(PLAIN_FILE)

    def test_data_takes_base64_and_encode_makes_it(self, files_world: World) -> None:
        arguments = ("set", SECRET_FILE, "data.NEW", "--stdin")
        refused = files_world.run(*arguments, stdin=b"sentinel-value!")
        assert refused.status == 2
        assert "sentinel" not in refused.stderr
        files_world.run(*arguments, "--encode", stdin=b"\x00\xff")
        assert files_world.run("get", SECRET_FILE, "data.NEW").stdout == "AP8="

    def test_wrong_calls_change_nothing(self, files_world: World) -> None:
        before = (files_world.repo / PLAIN_FILE).read_bytes()
        for arguments in (
            (PLAIN_FILE, "a"),  # nobody can be asked
            (PLAIN_FILE, "a", "--stdin", "--generate", "hex:3"),
            (PLAIN_FILE, "a", "--generate", "hex"),
            (PLAIN_FILE, "a", "--generate", "hex:99999"),
            (PLAIN_FILE, "a", "--generate", "hex:0000019999"),
            (PLAIN_FILE, "a", "--generate", "typed-value"),
            (PLAIN_FILE, "a", "--stdin"),  # empty
            (PLAIN_FILE, "--stdin"),
            ("infra/secrets/none.yaml", "a", "--generate", "hex:3"),
            ("../outside.yaml", "a", "--generate", "hex:3"),
            (PLAIN_FILE, "a", "--generate", "hex:3", "--dry-run"),
        ):
            done = files_world.run("set", *arguments)
            assert done.status == (0 if "--dry-run" in arguments else 2), arguments
            assert "typed-value" not in done.stderr
        assert (files_world.repo / PLAIN_FILE).read_bytes() == before

    def test_what_would_make_a_file_too_large_is_refused(self, files_world: World) -> None:
        value = b"x" * 900_000
        done = files_world.run("set", PLAIN_FILE, "a", "--stdin", "--json", stdin=value)
        assert (done.status, json.loads(done.stdout)["kind"]) == (3, "too-large")

    def test_a_file_that_is_too_large_is_named_as_it_is_in_the_repository(
        self, files_world: World
    ) -> None:
        (files_world.repo / PLAIN_FILE).write_bytes(b"a" * (2 << 20))
        for command in ("show", "edit", "encrypt"):
            done = files_world.run(command, PLAIN_FILE)
            assert f"larger than 1 MiB: {PLAIN_FILE}" in done.stderr, done

    def test_a_damaged_file_is_not_called_unencrypted(self, files_world: World) -> None:
        (files_world.repo / PLAIN_FILE).write_text("a: ENC[AES256_GCM,data:x\ntorn [\n")
        done = files_world.run("get", PLAIN_FILE, "a")
        assert "not encrypted" not in done.stderr
        assert "YAML" in done.stderr or "map" in done.stderr

    def test_the_prompt_asks_twice_without_an_echo(self, files_world: World) -> None:
        first, again = f"{PLAIN_FILE}#db.password: ", "(again): "
        typed = run_at_terminal(
            files_world, "set", PLAIN_FILE, "db.password",
            answers=[(first, "typed-in\n"), (again, "typed-in\n")],
        )  # fmt: skip
        assert typed.status == 0
        assert typed.echoed == {first: False, again: False}
        assert "typed-in" not in typed.screen
        assert files_world.run("get", PLAIN_FILE, "db.password").stdout == "typed-in"
        differing = run_at_terminal(
            files_world, "set", PLAIN_FILE, "db.password",
            answers=[(first, "one\n"), (again, "other\n")],
        )  # fmt: skip
        assert differing.status == 2
        assert files_world.run("get", PLAIN_FILE, "db.password").stdout == "typed-in"

    def test_unset_asks_before_it_removes_several(self, files_world: World) -> None:
        assert files_world.run("unset", PLAIN_FILE, "db").status == 2
        assert "user: app" in files_world.decrypt(PLAIN_FILE)
        done = files_world.run("unset", PLAIN_FILE, "db", "--yes", "--json")
        assert json.loads(done.stdout)["removed"] == ["db.user", "db.password"]
        assert "db:" not in files_world.decrypt(PLAIN_FILE)
        assert files_world.run("unset", PLAIN_FILE, "port").status == 0
        assert files_world.run("unset", PLAIN_FILE, "port").status == 2

    def test_unset_takes_along_what_is_left_empty_and_says_so(self, files_world: World) -> None:
        files_world.encrypt(
            PLAIN_FILE, "# the head\na:\n    # inside\n    b:\n        c: 1\nz: 1\n"
        )
        done = files_world.run("unset", PLAIN_FILE, "a.b.c")
        assert "a.b.c is removed, and a, which is now empty" in done.stderr
        assert files_world.decrypt(PLAIN_FILE) == "# the head\nz: 1\n"
        done = files_world.run("unset", PLAIN_FILE, "z", "--json")
        assert json.loads(done.stdout)["emptied"] is None
        assert json.loads(files_world.run("show", PLAIN_FILE, "--json").stdout)["data"] == {}
        assert files_world.run("set", PLAIN_FILE, "z", "--stdin", stdin=b"2").status == 0
        assert "z:" in files_world.decrypt(PLAIN_FILE)


class TestDiff:
    def test_names_what_changed_by_path_and_no_value(self, files_world: World) -> None:
        files_world.encrypt(SECRET_FILE, SECRET_TEXT)
        files_world.run("set", PLAIN_FILE, "db.password", "--stdin", stdin=b"sentinel-new")
        files_world.run("set", PLAIN_FILE, "fresh", "--stdin", stdin=b"sentinel-new")
        files_world.run("unset", PLAIN_FILE, "hosts[0]")
        files_world.encrypt("infra/secrets/dev/new.yaml", "a: sentinel-new\n")
        done = files_world.run("diff", "--json")
        assert "sentinel-new" not in done.stdout
        files = {one["file"]: one for one in json.loads(done.stdout)["files"]}
        assert {one["path"]: one["change"] for one in files[PLAIN_FILE]["paths"]} == {
            "db.password": "changed", "fresh": "added", "hosts[0]": "changed", "hosts[1]": "removed",
        }  # fmt: skip
        assert files[SECRET_FILE]["re_encrypted_only"]
        assert files[SECRET_FILE]["data_key_changed"]
        assert files["infra/secrets/dev/new.yaml"]["change"] == "added"
        assert files_world.run("diff", "--check").status == 1

    def test_without_an_identity_it_says_what_it_cannot_tell(self, files_world: World) -> None:
        files_world.run("set", PLAIN_FILE, "db.password", "--stdin", stdin=b"new")
        done = files_world.run("diff", env=without_identity(files_world))
        assert done.status == 0
        assert "~ db.password (changed or re-encrypted)" in done.stdout
        assert "db.user" not in done.stdout

    @pytest.mark.long
    def test_a_branch_is_compared_with_the_merge_base(self, files_world: World) -> None:
        files_world.git("checkout", "-q", "-b", "side")
        files_world.run("set", PLAIN_FILE, "ours", "--stdin", stdin=b"x")
        files_world.commit("ours")
        files_world.git("checkout", "-q", "main")
        files_world.run("set", SECRET_FILE, "stringData.THEIRS", "--stdin", stdin=b"x")
        files_world.commit("theirs")
        both = files_world.run("diff", "main...side").stdout
        assert "+ ours" in both
        assert "THEIRS" not in both
        assert "THEIRS" in files_world.run("diff", "main..side").stdout
        assert files_world.run("diff", "main...side", SECRET_FILE).stdout == ""
        assert files_world.run("diff", "main...nowhere").status == 2
        assert "THEIRS" in files_world.run("diff", "main", "side").stdout
        assert files_world.run("diff", "main", "side", "--check").status == 1
        assert "THEIRS" in files_world.run("diff", "main", "side", SECRET_FILE).stdout
        assert files_world.run("diff", "main", "nowhere").status == 2
        assert files_world.run("diff", "main", "side", "HEAD", "--").status == 2

    def test_a_word_that_is_a_file_and_a_revision_is_asked_about(self, files_world: World) -> None:
        files_world.git("branch", PLAIN_FILE)
        done = files_world.run("diff", PLAIN_FILE)
        assert done.status == 2
        assert "--" in done.stderr
        assert files_world.run("diff", "--", PLAIN_FILE).status == 0
        assert files_world.run("diff", PLAIN_FILE, "--").status == 0

    def test_recipients_and_rules_are_named_and_markdown_is_inert(self, files_world: World) -> None:
        files_world.others.append(pyrage.x25519.Identity.generate())
        files_world.write_rules(DEFAULT_RULES)
        evil = "infra/secrets/dev/`<img src=x>`\n::error::.yaml"
        files_world.encrypt("infra/secrets/dev/tmp.yaml", "a: b\n").rename(files_world.repo / evil)
        files_world.encrypt(SECRET_FILE, SECRET_TEXT)
        done = files_world.run("diff", "--format", "markdown")
        newcomer = str(files_world.others[0].to_public())
        assert f"- `+ recipient {newcomer}`" in done.stdout
        assert ".sops.yaml rule" in done.stdout
        assert "`` + infra/secrets/dev/`<img src=x>`\\n::error::.yaml ``" in done.stdout
        kinds, words = markup_of(done.stdout)
        assert kinds <= PLAIN_ELEMENTS
        assert not re.search(r"img|infra|age1", words)

    def test_a_file_that_lost_its_encryption_is_said(self, files_world: World) -> None:
        (files_world.repo / PLAIN_FILE).write_text("db: {password: sentinel-plain}\n")
        done = files_world.run("diff")
        assert "! after: no sops metadata" in done.stdout
        assert "sentinel-plain" not in done.stdout


def leave_pending(world: World, *, stage: Stage, old: str | None = None) -> bytes:
    """A journal as a killed run leaves it; the new content that it means to write."""
    path = world.repo / PLAIN_FILE
    before = path.read_bytes()
    new = world.encrypt(PLAIN_FILE, "db:\n    password: from-the-journal\n").read_bytes()
    path.write_bytes(before)
    workspace = make_workspace(world)
    journal = Journal(workspace.repository)
    intended = IntendedFile(PLAIN_FILE, old or digest_of(before), digest_of(new))
    journal.begin(Intent("rotate run", str(world.repo), (intended,)), [new])
    if stage is not Stage.BEGUN:
        journal.advance(stage)
    return new


class TestRecovery:
    def test_readers_warn_and_recover_finishes(self, files_world: World) -> None:
        new = leave_pending(files_world, stage=Stage.REPLACING)
        for command in (("ls",), ("show", PLAIN_FILE), ("get", PLAIN_FILE, "port"), ("diff",)):
            done = files_world.run(*command)
            assert done.status == 0
            assert "interrupted change is unfinished (rotate run)" in done.stderr
        status = files_world.run("status", "--json", "--check")
        assert (status.status, json.loads(status.stdout)["pending"]) == (1, "rotate run")
        done = files_world.run("recover", "--json")
        assert json.loads(done.stdout)["action"] == "finish"
        assert json.loads(done.stdout)["files"] == [PLAIN_FILE]
        assert (files_world.repo / PLAIN_FILE).read_bytes() == new
        assert "nothing to recover" in files_world.run("recover").stderr

    def test_a_writer_undoes_what_had_not_begun(self, files_world: World) -> None:
        leave_pending(files_world, stage=Stage.BEGUN)
        done = files_world.run("set", PLAIN_FILE, "db.password", "--stdin", stdin=b"mine")
        assert done.status == 0
        assert files_world.run("get", PLAIN_FILE, "db.password").stdout == "mine"

    def test_what_cannot_be_decided_is_7_until_it_is_discarded(self, files_world: World) -> None:
        leave_pending(files_world, stage=Stage.REPLACING, old="0" * 64)
        before = (files_world.repo / PLAIN_FILE).read_bytes()
        for command in (("recover",), ("set", PLAIN_FILE, "a", "--generate", "hex:3")):
            done = files_world.run(*command)
            assert done.status == 7
            assert PLAIN_FILE in done.stderr
        assert files_world.run("recover", "--discard").status == 0
        assert (files_world.repo / PLAIN_FILE).read_bytes() == before
        assert files_world.run("set", PLAIN_FILE, "a", "--generate", "hex:3").status == 0


class TestStatus:
    def test_says_what_is_open(self, files_world: World) -> None:
        clean = files_world.run("status", "--check")
        assert clean.status == 0
        assert "nothing is unfinished" in clean.stdout
        files_world.run("set", PLAIN_FILE, "a", "--generate", "hex:3")
        left = files_world.repo / "infra/secrets/dev/.example.yaml.plana-0a1b2c3d"
        left.write_text("x")
        files_world.write_rules(
            "creation_rules:\n    - encrypted_regex: ^(?!x)\n      path_regex: dev/\n"
            "      age: {recipients}\n"
        )
        (files_world.repo / "plana-secrets.toml").write_text("")
        facts = json.loads(files_world.run("status", "--json").stdout)
        assert {one["file"]: one["change"] for one in facts["uncommitted"]} == {
            PLAIN_FILE: "changed", ".sops.yaml": "changed", "plana-secrets.toml": "added",
        }  # fmt: skip
        assert facts["leftovers"] == ["infra/secrets/dev/.example.yaml.plana-0a1b2c3d"]
        assert any("line" in one or ".sops.yaml:" in one for one in facts["problems"])
        assert files_world.run("status", "--check").status == 1

    def test_works_in_an_empty_repository(self, world: World) -> None:
        (world.repo / ".sops.yaml").unlink()
        done = world.run("status")
        assert done.status == 0
        assert "no commits yet" in done.stdout


@pytest.mark.long
def test_completion_names_files_and_paths_without_an_identity(files_world: World) -> None:
    def complete(words: str, folder: str = ".") -> list[str]:
        env = {
            "_PLANA_SECRETS_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        script = f'cd "{folder}" && exec "$0" "$@"'
        done = files_world.command(
            "sh", "-c", script, *PROGRAM, env=env | without_identity(files_world)
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines() if line]

    assert complete("plana-secrets get infra/secrets/dev/e") == [PLAIN_FILE]
    assert complete(f"plana-secrets get {PLAIN_FILE} db.") == ["db.user", "db.password"]
    assert complete("plana-secrets get dev/e", "infra/secrets") == ["dev/example.yaml"]
    assert complete("plana-secrets get i", "/") == []
    (files_world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{files_world.identity.to_public()}"\nkind = "staff"\n'
    )
    for command in ("recipients remove", "recipients replace", "offboard"):
        assert complete(f"plana-secrets {command} b") == ["bob"]
    assert complete(f"plana-secrets mirror adopt {PLAIN_FILE} --yes db.") == [
        "db.user",
        "db.password",
    ]
    elsewhere = f"plana-secrets get --repo {files_world.repo} infra/secrets/dev/e"
    assert complete(elsewhere, "/") == [PLAIN_FILE]


def test_nothing_of_ours_lies_about_afterwards(files_world: World) -> None:
    files_world.run("set", PLAIN_FILE, "a", "--generate", "hex:3")
    left = [path for path in files_world.repo.rglob("*plana-*") if ".git" not in path.parts]
    assert left == []
    assert not list(files_world.memory.iterdir())


def test_in_a_sparse_checkout_nothing_is_open_and_what_is_left_out_is_said(
    files_world: World,
) -> None:
    files_world.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{PLAIN_FILE}")
    assert files_world.run("status", "--check").status == 0
    assert files_world.run("diff", "--check").status == 0
    listed = files_world.run("ls")
    assert PLAIN_FILE not in listed.stdout
    assert "1 secret file not in this sparse checkout" in listed.stderr
    done = files_world.run("new", PLAIN_FILE)
    assert (done.status, "git sparse-checkout add infra/secrets/dev" in done.stderr) == (2, True)


def test_a_mistake_is_said_once(files_world: World) -> None:
    (files_world.repo / "plana-secrets.toml").write_text("rots = 1\n")
    failed = files_world.run("ls")
    assert failed.status == 2
    assert failed.stderr.count("rots: unknown field") == 1


def test_a_folder_is_called_one(files_world: World) -> None:
    for argv in (["show"], ["edit"], ["encrypt"]):
        failed = files_world.run(*argv, "infra/secrets")
        assert failed.stderr.splitlines()[0] == "plana-secrets: a folder, not a file: infra/secrets"
