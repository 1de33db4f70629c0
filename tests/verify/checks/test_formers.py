"""``verify`` names who can open a file with an older version of it."""

from __future__ import annotations

import pyrage
import pytest

from tests.verify.inprocess import NO_IDENTITY, of_check, verify
from tests.world import DEFAULT_RULES, World

FILE = "infra/secrets/dev/app.yaml"


@pytest.fixture
def left(world: World) -> World:
    """Bob has left, and a person who knows only sops took him out of the file."""
    world.others.append(pyrage.x25519.Identity.generate())
    world.write_rules(DEFAULT_RULES)
    world.encrypt(FILE, "a: one\nb: two\n")
    (world.repo / "plana-secrets.toml").write_text(
        f'[recipients.bob]\nkey = "{world.others[0].to_public()}"\nkind = "staff"\n'
    )
    world.commit()
    world.others.clear()
    world.write_rules(DEFAULT_RULES)
    world.sops("updatekeys", "-y", FILE)
    world.commit()
    return world


def test_who_can_still_open_it_and_what_was_written_since(left: World) -> None:
    (finding,) = of_check(verify(left), "former-reader")
    assert (finding.file, finding.severity) == (FILE, "warning")
    assert finding.message.startswith("bob (age1")
    assert finding.message.endswith("no value written since")
    left.sops("set", FILE, '["a"]', '"three"')
    for identities in (None, NO_IDENTITY):
        (finding,) = of_check(verify(left, FILE, identities=identities), "former-reader")
        assert finding.severity == "error"
        assert finding.message.endswith("; 1 value written since")


def test_its_fix_works_once_and_for_all(left: World) -> None:
    done = left.run("recipients", "apply", FILE)
    assert (done.status, "no longer opens with an older version: bob" in done.stderr) == (0, True)
    assert of_check(verify(left), "former-reader") == []
    left.commit()
    assert of_check(verify(left), "former-reader") == []
    assert "all files have" in left.run("recipients", "apply").stderr


def test_a_command_that_writes_fixes_it_and_says_so(left: World) -> None:
    done = left.run("set", FILE, "a", "--generate", "hex:8", "--json")
    assert f"new data key for {FILE}: with an older version of it, bob (age1" in done.stderr
    assert of_check(verify(left), "former-reader") == []
    assert "new data key" not in left.run("set", FILE, "a", "--generate", "hex:8").stderr


@pytest.mark.parametrize("option", ["--depth=1", "--filter=blob:none"])
def test_a_clone_without_the_history_is_a_warning(left: World, option: str) -> None:
    left.git("config", "uploadpack.allowFilter", "true")
    clone = str(left.folder / "clone")
    left.git("clone", "-q", option, left.repo.as_uri(), clone)
    done = left.run("--repo", clone, "verify")
    assert (done.status, "former-readers-unknown" in done.stdout) == (0, True)
    done = left.run("--repo", clone, "set", FILE, "a", "--generate", "hex:8")
    assert done.status == 0, done
