"""``diff``: by path, without values unless asked."""

from __future__ import annotations

import json
import re

import pyrage
import pytest

from tests.markup import PLAIN_ELEMENTS, markup_of
from tests.secretfiles.conftest import PLAIN_FILE, SECRET_FILE, SECRET_TEXT
from tests.world import DEFAULT_RULES, World


def test_it_names_what_changed_by_path_and_no_value(files_world: World) -> None:
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


def test_without_an_identity_it_says_what_it_cannot_tell(files_world: World) -> None:
    files_world.run("set", PLAIN_FILE, "db.password", "--stdin", stdin=b"new")
    done = files_world.run("diff", env=files_world.nobody)
    assert done.status == 0
    assert "~ db.password (changed or re-encrypted)" in done.stdout
    assert "db.user" not in done.stdout


@pytest.mark.long
def test_a_branch_is_compared_with_the_merge_base(files_world: World) -> None:
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


def test_a_word_that_is_a_file_and_a_revision_is_asked_about(files_world: World) -> None:
    files_world.git("branch", PLAIN_FILE)
    done = files_world.run("diff", PLAIN_FILE)
    assert done.status == 2
    assert "--" in done.stderr
    assert files_world.run("diff", "--", PLAIN_FILE).status == 0
    assert files_world.run("diff", PLAIN_FILE, "--").status == 0


def test_recipients_and_rules_are_named_and_markdown_is_inert(files_world: World) -> None:
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


def test_a_file_that_lost_its_encryption_is_said(files_world: World) -> None:
    (files_world.repo / PLAIN_FILE).write_text("db: {password: sentinel-plain}\n")
    done = files_world.run("diff")
    assert "! after: no sops metadata" in done.stdout
    assert "sentinel-plain" not in done.stdout
