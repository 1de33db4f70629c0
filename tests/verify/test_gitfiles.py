"""No name exempts a file under the roots: what git and Flux read is looked into."""

from __future__ import annotations

import pytest

from plana_secrets.verify.checks.gitfiles import says_only_what_it_is_for
from tests.verify.inprocess import checks, verify, write
from tests.world import World

IGNORE = """\
# Compiled and decrypted: never here (see docs/edit.md)
*.dec.yaml
!important.dec.yaml
/tmp/
**/node_modules/*.js
.env
.DS_Store
\t
build
plain-text
secrets.txt
file[0-9].bak
"""
ATTRIBUTES = """\
# how git shows them
*.yaml diff=sopsdiffer merge=union text eol=lf
*.bin -text -diff
"a b.txt" !eol
[attr]binary -diff -merge
* linguist-generated=true whitespace=trailing-space,-tab-in-indent
"""


@pytest.mark.parametrize("name", [".gitignore", ".sourceignore"])
def test_ordinary_patterns_are_exempt(name: str) -> None:
    content = IGNORE.replace("\\t", "").encode()
    assert says_only_what_it_is_for(f"infra/{name}", content)
    assert says_only_what_it_is_for(f"infra/{name}", content.replace(b"\n", b"\r\n"))


def test_ordinary_attributes_are_exempt() -> None:
    content = ATTRIBUTES.replace('"a b.txt"', "a.txt").encode()
    assert says_only_what_it_is_for("infra/.gitattributes", content)


VALUES = [
    "DB_PASSWORD=hunter2",
    "password: hunter2",
    "hunter2",
    "*.yaml\nDB_PASSWORD=hunter2",
    "# password: hunter2",
    "# *.x\n# export API_KEY=abc",
    "user hunter2",
    '"hunter2"',
    "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
    "a/wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
    "AGE-SECRET-KEY-1QQQ",
    "# -----BEGIN OPENSSH PRIVATE KEY-----",
    '{"password": "hunter2"}',
    "s3cr3t!",
    "postgres://u:pw@db/x",
    "\N{NO-BREAK SPACE}hunter2",
]


@pytest.mark.parametrize("name", [".gitkeep", ".gitignore", ".sourceignore", ".gitattributes"])
@pytest.mark.parametrize("content", VALUES)
def test_a_value_in_them_is_not_a_pattern(name: str, content: str) -> None:
    assert not says_only_what_it_is_for(f"infra/{name}", f"{content}\n".encode())


@pytest.mark.parametrize(
    "content", ["* password=hunter2", "*.yaml hunter2", "* diff=a:b", "hunter2 -diff"]
)
def test_an_attribute_that_git_does_not_know_is_none(content: str) -> None:
    assert not says_only_what_it_is_for(".gitattributes", content.encode())


def test_bytes_that_are_no_text_are_not_patterns() -> None:
    assert not says_only_what_it_is_for(".gitignore", "password: x\n".encode("utf-16"))
    assert not says_only_what_it_is_for(".gitkeep", b"\x00")


@pytest.fixture
def small(world: World) -> World:
    world.encrypt("infra/secrets/dev/app.yaml", "a: b\n")
    world.commit()
    return world


@pytest.mark.parametrize("name", [".gitkeep", ".gitignore", ".sourceignore", ".gitattributes"])
def test_a_password_behind_such_a_name_is_found(small: World, name: str) -> None:
    file = f"infra/secrets/dev/{name}"
    write(small, file, "DB_PASSWORD=hunter2\n")
    assert checks(verify(small)) == [("not-a-secret-file", file, None)]
    assert checks(verify(small, "infra/secrets/dev")) == [("not-a-secret-file", file, None)]
    write(small, "plana-secrets.toml", f'[files]\nplain = ["**/{name}"]\n')
    assert checks(verify(small)) == []
    write(small, file, " \n\n")
    write(small, "plana-secrets.toml", "")
    assert checks(verify(small)) == []


def test_a_rules_file_below_the_roots_holds_rules(small: World) -> None:
    file = "infra/secrets/dev/.sops.yaml"
    write(small, file, "password: hunter2\n")
    found = checks(verify(small))
    assert ("rules-unknown-key", file, None) in found
    assert verify(small).exit_code() == 1
