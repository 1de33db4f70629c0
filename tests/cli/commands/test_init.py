"""``init``: what it makes in an empty repository, and what it leaves alone in a used one."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.terminal import run_at_terminal
from tests.world import DEFAULT_RULES, World


@pytest.fixture
def empty(world: World) -> World:
    """A repository without rules; the identity of the world is at hand."""
    (world.repo / ".sops.yaml").unlink()
    return world


def test_an_empty_repository_gets_rules_settings_and_a_recovery_identity(empty: World):
    recovery = empty.home / "recovery.txt"
    result = empty.run("init", "--recovery-out", str(recovery))
    assert result.status == 0, result
    assert recovery.stat().st_mode & 0o777 == 0o600
    assert "AGE-SECRET-KEY" not in result.stdout + result.stderr
    own = str(empty.identity.to_public())
    rules = (empty.repo / ".sops.yaml").read_text()
    assert rules.count(own) == 3
    settings = (empty.repo / "plana-secrets.toml").read_text()
    assert 'required = ["recovery"]' in settings
    assert "min_recipients = 2" in settings


@pytest.mark.parametrize(
    ("email", "argv", "name"),
    [
        ("ann.b@example.test", [], "ann-b"),
        ("123+ann@users.example.test", [], "ann"),
        ("recovery@example.test", [], None),
        ("\u00e9@example.test", [], None),
        ("x@example.test", ["--name", "Ann_1"], "Ann_1"),
    ],
)
def test_the_founder_has_a_name(empty: World, email: str, argv: list[str], name: str | None):
    env = {"GIT_AUTHOR_EMAIL": email}
    done = empty.run("init", "--single", "--json", *argv, env=env)
    assert json.loads(done.stdout)["name"] == name
    own = str(empty.identity.to_public())
    text = (empty.repo / "plana-secrets.toml").read_text()
    assert (f'[recipients.{name}]\nkey = "{own}"\nkind = "staff"\n' in text) is (name is not None)


def test_beside_a_post_quantum_identity_others_are_created_as_such(empty: World):
    made = empty.run("identity", "new", "--post-quantum", "--output", str(empty.home / "pq.txt"))
    env = {"SOPS_AGE_KEY_FILE": str(empty.home / "pq.txt")}
    recovery = empty.home / "recovery.txt"
    done = empty.run("init", "--recovery-out", str(recovery), "--json", env=env)
    recipients = json.loads(done.stdout)["recipients"]
    assert recipients[0] == made.stdout.strip()
    assert [one[:7] for one in recipients] == ["age1pq1"] * 2
    asked = empty.run(
        "recipients", "request", "bob", "--output", str(empty.home / "bob.txt"), env=env
    )
    assert "recipients add bob age1pq1" in asked.stdout


def test_without_a_name_it_says_how_to_get_one(empty: World):
    said = empty.run("init", "--single", env={"GIT_AUTHOR_EMAIL": "-@x"}).stderr
    (command,) = re.findall("plana-secrets (recipients add NAME [^`]*)", said)
    assert empty.run(*command.replace("NAME", "ann").split()).status == 0
    assert "ann" in empty.run("recipients", "list").stdout


def test_what_it_made_is_used_by_sops_and_opened_by_the_recovery_identity(empty: World):
    recovery = empty.home / "recovery.txt"
    empty.run("init", "--recovery-out", str(recovery))
    empty.encrypt("infra/secrets/a.yaml", "a: s3cr3t\n")
    with_recovery = {"SOPS_AGE_KEY_FILE": str(recovery)}
    got = empty.run("get", "infra/secrets/a.yaml", "a", env=with_recovery)
    assert got.stdout == "s3cr3t"
    assert empty.run("verify").status == 0


def test_each_kind_of_file_has_its_rule(empty: World):
    empty.run("init", "--single")
    for name, selector in [
        ("a", "unencrypted_suffix"),
        ("a.secret", "data|stringData"),
        ("keysets/x/y", "^value$"),
    ]:
        text = empty.encrypt(f"infra/secrets/{name}.yaml", "kind: x\n").read_text()
        assert selector in text


def test_the_next_commands_are_the_last_words_and_work_as_printed(empty: World):
    (empty.repo / "plana-secrets.toml").write_text('files.roots = ["ops/keys", "infra"]\n')
    said = empty.run("init", "--single").stderr
    assert len(said.splitlines()) < 12
    assert said.count("scanner") == 2, "one sentence, and the option"
    lines = said.partition("next:\n")[2].splitlines()
    assert len(lines) == 2
    for line in lines:
        program, *argv = line.split()
        assert program == "plana-secrets"
        assert empty.run(*argv).status == 0
    assert empty.run("get", "ops/keys/dev/example.yaml", "db.password").stdout


def test_a_second_run_changes_nothing(empty: World):
    empty.run("init", "--single")
    empty.encrypt("infra/secrets/a.yaml", "a: b\n")
    empty.commit()
    result = empty.run("init", "--single")
    assert result.status == 0
    assert not empty.git("status", "--porcelain")


def test_settings_that_were_removed_or_left_out_are_not_made_again(empty: World):
    settings = empty.repo / "plana-secrets.toml"
    assert empty.run("init", "--single").status == 0
    empty.commit()
    settings.unlink()
    done = empty.run("init", "--yes")
    assert (done.status, "git checkout HEAD -- plana-secrets.toml" in done.stderr) == (2, True)
    empty.git("checkout", "HEAD", "--", "plana-secrets.toml")
    empty.git("sparse-checkout", "set", "--no-cone", "/.sops.yaml")
    for argv in (("init", "--yes"), ("verify",), ("new", "infra/secrets/a.yaml")):
        done = empty.run(*argv)
        assert (done.status, settings.exists()) == (2, False)
        assert "`git sparse-checkout add /plana-secrets.toml`" in done.stderr
    empty.git("sparse-checkout", "set", "--no-cone", "/plana-secrets.toml")
    assert (
        "`git sparse-checkout add /.sops.yaml`" in empty.run("new", "infra/secrets/a.yaml").stderr
    )


def test_what_is_no_file_in_the_place_of_the_rules_is_said_before_anything_is_written(empty: World):
    place = empty.repo / ".sops.yaml"
    for make in (place.mkdir, lambda: place.symlink_to("nowhere")):
        make()
        done = empty.run("init", "--single", "--identity-out", str(empty.folder / "mine"))
        assert (done.status, "not a regular file: .sops.yaml" in done.stderr) == (3, True)
        assert [one.name for one in empty.repo.iterdir() if one.name != ".git"] == [".sops.yaml"]
        assert not (empty.folder / "mine").exists()
        place.rename(empty.folder / make.__name__)


def test_settings_that_git_ignores_are_named(empty: World):
    (empty.repo / ".gitignore").write_text("*.toml\n")
    done = empty.run("init", "--single")
    assert "git ignores plana-secrets.toml" in done.stderr
    assert "git ignores .sops.yaml" not in done.stderr


def test_a_dry_run_writes_nothing_and_shows_a_diff(empty: World):
    recovery = empty.home / "recovery.txt"
    result = empty.run("init", "--recovery-out", str(recovery), "--dry-run")
    assert result.status == 0
    assert "+creation_rules:" in result.stdout
    assert not recovery.exists()
    assert not (empty.repo / ".sops.yaml").exists()


def test_without_an_identity_one_is_made_where_it_is_asked_for(empty: World):
    out = empty.home / "my identity.txt"
    result = empty.run(
        "init", "--single", "--identity-out", str(out), env={"SOPS_AGE_KEY_FILE": ""}
    )
    assert result.status == 0, result
    assert out.stat().st_mode & 0o777 == 0o600
    (exported,) = re.findall(r"export (SOPS_AGE_KEY_FILE=.*)", result.stderr)
    assert shlex.split(exported) == [f"SOPS_AGE_KEY_FILE={out}"]


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        ([], "no-recovery"),
        (["--recovery", "age1nonsense"], "bad-recipient"),
        (["--single", "--recovery", "age1x"], "usage"),
        (["--recovery-out", "recovery.txt"], "identity-in-repository"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(empty: World, argv, kind):
    result = empty.run("init", "--json", *argv)
    assert result.status == 2
    assert json.loads(result.stdout)["kind"] == kind
    assert not (empty.repo / ".sops.yaml").exists()
    assert not (empty.repo / "recovery.txt").exists()


def test_at_a_terminal_the_recovery_is_asked_for(empty: World):
    recovery = empty.home / "recovery.txt"
    shown = run_at_terminal(
        empty,
        "init",
        answers=[
            ("recovery identity", "\n"),
            ("file for the new recovery identity", f"{recovery}\n"),
        ],
    )
    assert shown.status == 0, shown
    assert recovery.is_file()


def used(world: World) -> dict[str, bytes]:
    """A repository made by hand; the content of every file in it."""
    json_rule = "    - path_regex: ^infra/secrets/.*\\.json$\n      age: {recipients}\n"
    world.write_rules(DEFAULT_RULES + json_rule)
    world.encrypt("infra/secrets/dev/db.yaml", "password: s3cr3t\nport: 5432\n")
    world.encrypt(
        "infra/secrets/dev/shop.secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n",
    )
    (world.repo / "infra/secrets/dev/notes.txt").write_text("readable\n")
    (world.repo / "infra/secrets/dev/app.json").write_text(
        world.sops(
            "encrypt",
            "--filename-override",
            "infra/secrets/x.yaml",
            "--input-type",
            "json",
            "--output-type",
            "json",
            stdin=b'{"a": "b"}',
        ).stdout
    )
    world.commit()
    return {
        str(path): path.read_bytes()
        for path in world.repo.rglob("*")
        if path.is_file() and ".git/" not in str(path)
    }


def test_a_used_repository_is_listed_and_left_alone(world: World):
    before = used(world)
    result = world.run("init")
    assert result.status == 0
    assert "infra/secrets/dev/db.yaml" in result.stdout
    assert "infra/secrets/dev/app.json\n" in result.stdout
    assert "+++ b/plana-secrets.toml" in result.stdout
    assert "nothing was written" in result.stderr
    assert all(Path(name).read_bytes() == content for name, content in before.items())
    assert not (world.repo / "plana-secrets.toml").exists()


def test_with_yes_only_the_settings_are_new_and_verify_follows(world: World):
    before = used(world)
    result = world.run("init", "--yes")
    assert result.status == 0
    assert world.git("status", "--porcelain").split() == ["??", "plana-secrets.toml"]
    assert all(Path(name).read_bytes() == content for name, content in before.items())
    assert "3 files, L3, 0 errors" in result.stdout + result.stderr
    assert world.run("verify").status == 0


def test_a_sops_file_in_a_format_that_is_not_read_is_not_called_readable(world: World):
    used(world)
    ini = world.sops("encrypt", "--filename-override", "infra/secrets/x.yaml", "--input-type", "ini",
                     "--output-type", "ini", stdin=b"[a]\nb=c\n").stdout  # fmt: skip
    (world.repo / "infra/secrets/dev/app.ini").write_text(ini)
    world.commit()
    result = world.run("init", "--yes")
    assert "app.ini  (SOPS, in a format that is not read)" in result.stdout
    assert "app.ini" not in (world.repo / "plana-secrets.toml").read_text()
    assert "unread-format" in world.run("verify").stdout


def test_files_outside_of_the_usual_folder_become_roots(world: World):
    world.write_rules("creation_rules:\n    - age: {recipients}\n")
    world.encrypt("apps/shop/secret.yaml", "a: b\n")
    world.encrypt("apps/shop/deep/secret.yaml", "a: b\n")
    (world.repo / "apps/shop/deployment.yaml").write_text("kind: Deployment\n")
    world.commit()
    assert world.run("init", "--yes").status == 0
    settings = (world.repo / "plana-secrets.toml").read_text()
    assert 'roots = ["**/secret.yaml"]' in settings
    assert "deployment.yaml" not in settings
    verified = json.loads(world.run("verify", "--json").stdout)
    assert (verified["checked"], verified["counts"]["error"]) == (2, 0)


def test_the_settings_it_proposes_are_valid_for_any_names(world: World):
    world.write_rules("creation_rules:\n    - age: {recipients}\n")
    world.encrypt('odd/a "quoted" \\ näme/secret.yaml', "a: b\n")
    world.commit()
    assert world.run("init", "--yes").status == 0
    subprocess.run(
        ["python3", "-c", "import tomllib; tomllib.load(open('plana-secrets.toml', 'rb'))"],
        cwd=world.repo,
        check=True,
    )


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("\n", False)])
def test_at_a_terminal_it_asks_before_it_writes_into_a_used_repository(
    world: World, answer: str, written: bool
):
    used(world)
    shown = run_at_terminal(world, "init", answers=[("write it?", answer)])
    assert shown.status == 0, shown
    assert (world.repo / "plana-secrets.toml").exists() is written
