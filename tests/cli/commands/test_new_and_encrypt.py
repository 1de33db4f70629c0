"""new and encrypt: files that begin, and plain files that become secret files."""

from __future__ import annotations

import json
import sys

import pytest

from tests.world import DEFAULT_RULES, World

PLAIN = "infra/secrets/dev/example.yaml"
SECRET = "infra/secrets/dev/shop.secret.yaml"
SENTINEL = "hunter2-sentinel"


def test_an_empty_plain_map_takes_values(world: World) -> None:
    """What is made passes verify, and the next command that it names works."""
    done = world.run("new", PLAIN)
    assert done.status == 0, done.stderr
    assert done.stdout == ""
    assert f"next: plana-secrets set {PLAIN} PATH" in done.stderr
    assert world.run("verify").status == 0
    assert world.run("set", PLAIN, "db.password", "--stdin", stdin=b"x").status == 0
    assert world.decrypt(PLAIN) == "db:\n    password: x\n"


def test_an_empty_secret_manifest_is_one_that_flux_applies(world: World) -> None:
    done = world.run("new", SECRET, "--kind", "secret", "--namespace", "dev", "--json")
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout) == {
        "schema": "plana-secrets/new/1",
        "file": SECRET,
        "kind": "kubernetes-secret",
        "dry_run": False,
    }
    assert world.decrypt(SECRET) == (
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: shop\n    namespace: dev\n"
        "    annotations:\n        kustomize.toolkit.fluxcd.io/substitute: disabled\n"
        "type: Opaque\nstringData: {}\n"
    )
    assert world.run("verify").status == 0
    assert world.run("set", SECRET, "stringData.KEY", "--stdin", stdin=b"x").status == 0
    assert "stringData:\n    KEY: x\n" in world.decrypt(SECRET)


def test_a_name_that_yaml_would_take_for_something_else_stays_a_name(world: World) -> None:
    assert world.run("new", SECRET, "--name", "1e3", "--namespace", "on").status == 0
    manifest = world.sops("decrypt", "--output-type", "json", SECRET).stdout
    metadata = json.loads(manifest)["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("1e3", "on")


@pytest.mark.parametrize(
    ("argv", "status", "kind"),
    [
        ((PLAIN, "--kind", "secret"), 2, "kind-differs"),
        ((SECRET, "--kind", "plain"), 2, "kind-differs"),
        ((PLAIN, "--name", "x"), 2, "bad-name"),
        ((SECRET, "--name", "No_Name"), 2, "bad-name"),
        ((SECRET, "--namespace", "a.b"), 2, "bad-name"),
        (("infra/secrets/keysets/a.yaml",), 2, "keyset-file"),
        (("elsewhere/a.yaml",), 2, "no-rule"),
        (("infra/secrets/kustomization.yaml",), 2, "not-a-secret-file"),
        (("infra/secrets/a.json",), 2, "not-yaml-name"),
        (("infra/secrets/.env",), 2, "not-yaml-name"),
        (("infra/secrets/a",), 2, "not-yaml-name"),
        (("../outside.yaml",), 2, "outside-repository"),
        (("infra/secrets/dev/present.yaml",), 6, "file-exists"),
        (("infra/secrets/dev/present.yaml/a.yaml",), 2, "not-a-folder"),
        (("infra/secrets/inside/a.yaml",), 2, "other-repository"),
        (("infra/secrets/module/a.yaml",), 2, "other-repository"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_there(
    world: World, argv: tuple[str, ...], status: int, kind: str
) -> None:
    world.encrypt("infra/secrets/dev/present.yaml", "a: b\n")
    commit = world.commit()
    world.git("init", "-q", "infra/secrets/inside")
    world.git("update-index", "--add", "--cacheinfo", f"160000,{commit},infra/secrets/module")
    before = sorted(path for path in world.repo.rglob("*") if ".git" not in path.parts)
    done = world.run("new", *argv, "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (status, kind)
    assert sorted(path for path in world.repo.rglob("*") if ".git" not in path.parts) == before


def test_no_secret_is_moved_into_another_repository(world: World) -> None:
    world.encrypt(PLAIN, "a: b\n")
    world.git("init", "-q", "infra/secrets/inside")
    for target in ("infra/secrets/inside/", "infra/secrets/inside/b.yaml"):
        done = world.run("mv", PLAIN, target, "--json")
        assert (done.status, json.loads(done.stdout)["kind"]) == (2, "other-repository")


def test_of_a_file_that_git_ignores_the_way_into_git_is_named(world: World) -> None:
    (world.repo / ".gitignore").write_text("dev\n")
    (world.folder / "x.env").write_text("A=b\n")
    world.encrypt("infra/secrets/prod/a.yaml", "a: b\n")
    other, moved = "infra/secrets/dev/other.yaml", "infra/secrets/dev/m.yaml"
    (world.repo / other).parent.mkdir()
    (world.repo / other).write_text("a: b\n")
    for argv, file in (
        (("new", PLAIN), PLAIN),
        (("encrypt", other), other),
        (("import", str(world.folder / "x.env"), SECRET), SECRET),
        (("mv", "infra/secrets/prod/a.yaml", moved), moved),
    ):
        done = world.run(*argv)
        assert f"git ignores {file}, so no commit will have it" in done.stderr
        world.git(*done.stderr.partition("next: git ")[2].split("\n")[0].split())
        assert world.git("ls-files", "--stage", file)
    assert "git ignores" not in world.run("new", "infra/secrets/prod/b.yaml").stderr


@pytest.mark.parametrize("command", ["new", "encrypt"])
def test_an_invalid_selector_is_refused_before_sops_writes_plaintext(
    world: World, command: str
) -> None:
    world.write_rules(DEFAULT_RULES.replace("^(data|stringData)$", "^(?!metadata)"))
    target = world.repo / SECRET
    target.parent.mkdir(parents=True)
    if command == "encrypt":
        target.write_text(f"data:\n    a: {SENTINEL}\n")
    done = world.run(command, SECRET, "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (3, "bad-rule")
    assert not target.exists() or target.read_text() == f"data:\n    a: {SENTINEL}\n"


def test_a_dry_run_makes_nothing(world: World) -> None:
    done = world.run("new", PLAIN, "--dry-run")
    assert done.status == 0
    assert "would be created" in done.stderr
    assert not (world.repo / PLAIN).exists()


@pytest.mark.parametrize("content", ["", " \n\n"])
def test_an_empty_file_is_named_so_and_new_takes_it(world: World, content: str) -> None:
    """As `touch` leaves it; what git had in it is brought back by `repair` instead."""
    path = world.repo / PLAIN
    path.parent.mkdir(parents=True)
    path.write_text(content)
    world.commit()
    for command in (["show"], ["encrypt"], ["repair"], ["set", "a", "--generate", "hex:8"]):
        done = world.run(command[0], PLAIN, *command[1:])
        assert done.status in {2, 3}
        assert "empty" in done.stderr
        assert f"`plana-secrets new {PLAIN}`" in done.stderr
    assert "the file is empty" in world.run("status").stdout
    assert f"`plana-secrets new {PLAIN}`" in world.run("verify").stdout
    assert world.run("new", PLAIN).status == 0
    assert world.run("set", PLAIN, "a", "--generate", "hex:8").status == 0
    world.commit()
    path.write_text(content)
    # a process of its own has loaded no more than the command did
    refused = world.command(
        sys.executable, "-m", "plana_secrets", "new", PLAIN, "--json", check=False
    )
    report = json.loads(refused.stdout)
    assert (report["kind"], f"`plana-secrets show {PLAIN}`" in report["hint"]) == (
        "file-exists",
        True,
    )
    assert world.run("repair", PLAIN, "--all", "--from-git").status == 0
    assert world.run("get", PLAIN, "a").stdout


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        ("password: hünter2\n".encode("utf-16"), "not-utf8", "UTF-8"),
        (b"\xef\xbb\xbfa: b\n", "byte-order-mark", "without a byte order mark"),
        (b"a: b\r\n", "line-ends", "LF"),
        (b"a: b\n---\na: c\n", "several-documents", "a file of its own"),
        (b"a: " + b"[" * 40 + b"]" * 40 + b"\n", "too-much-yaml", "split it"),
        (b"a: *b\n", "bad-content", "quote"),
    ],
    ids=["utf-16", "mark", "returns", "documents", "levels", "alias"],
)
def test_what_the_text_is_not_is_said_in_words(
    world: World, content: bytes, kind: str, told: str
) -> None:
    (world.repo / PLAIN).parent.mkdir(parents=True)
    (world.repo / PLAIN).write_bytes(content)
    error = json.loads(world.run("encrypt", PLAIN, "--json").stdout)
    assert (error["kind"], told in error["hint"]) == (kind, True)
    assert (world.repo / PLAIN).read_bytes() == content


def test_import_fills_an_empty_file(world: World) -> None:
    (world.repo / PLAIN).parent.mkdir(parents=True)
    (world.repo / PLAIN).touch()
    done = world.run("import", "--stdin", PLAIN, "--format", "dotenv", stdin=b"A=b\n")
    assert (done.status, world.decrypt(PLAIN)) == (0, "A: b\n")


# -- encrypt


@pytest.mark.parametrize("text", ["# only a comment\n", "---\n# one\n"])
def test_a_file_without_a_value_has_nothing_to_encrypt(world: World, text: str) -> None:
    (world.repo / PLAIN).parent.mkdir(parents=True)
    (world.repo / PLAIN).write_text(text)
    done = world.run("encrypt", PLAIN, "--json")
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "no-values")
    assert (world.repo / PLAIN).read_text() == text


TEXT = f"""\
# the database
db:
    password: {SENTINEL}
    port: 5432
since: 2020-01-02
nothing: null
"""


def put(world: World, text: str, file: str = PLAIN) -> None:
    path = world.repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_plain_file_is_encrypted_in_place_with_its_types_and_comments(world: World) -> None:
    put(world, TEXT)
    (world.repo / PLAIN).chmod(0o640)
    done = world.run("encrypt", PLAIN)
    assert done.status == 0, done.stderr
    assert "git never had the file unencrypted" in done.stderr
    encrypted = (world.repo / PLAIN).read_text()
    assert SENTINEL not in encrypted
    assert "the database" not in encrypted
    assert (world.repo / PLAIN).stat().st_mode & 0o777 == 0o640
    assert world.decrypt(PLAIN) == TEXT.replace("2020-01-02", '"2020-01-02"')
    assert "kept as text: since" in done.stderr
    assert world.run("verify", "--level", "L3").status == 0


def test_it_says_where_git_has_the_file_in_plain(world: World) -> None:
    """Commits of any branch, stashes and the index; not those where it was encrypted."""
    put(world, TEXT)
    first = world.commit()
    world.git("checkout", "-q", "-b", "other")
    put(world, TEXT + "more: 1\n")
    second = world.commit()
    world.git("checkout", "-q", "main")
    world.encrypt(PLAIN, "a: b\n")
    world.commit()
    put(world, TEXT + "again: 1\n")
    world.git("add", PLAIN)
    done = world.run("encrypt", PLAIN, "--json")
    report = json.loads(done.stdout)
    assert done.status == 0
    assert set(report["plain_in_commits"]) == {first, second}
    assert report["plain_in_index"] is True
    assert SENTINEL not in done.stdout + done.stderr
    world.git("add", PLAIN)
    put(world, TEXT)
    done = world.run("encrypt", PLAIN)
    assert "git has the unencrypted file" in done.stderr
    assert "replace its values" in done.stderr
    assert "index" not in done.stderr


def test_it_says_what_stays_readable_in_a_manifest(world: World) -> None:
    put(
        world,
        "# a remark\nkind: Secret\napiVersion: v1\nmetadata:\n    name: shop\n"
        f"stringData:\n    # another\n    A: {SENTINEL}\n",
        SECRET,
    )
    done = world.run("encrypt", SECRET)
    assert done.status == 0, done.stderr
    assert "left readable: kind, apiVersion, metadata.name" in done.stderr
    assert "1 comment left readable" in done.stderr


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [
        (PLAIN, f"a: {SENTINEL}\nb_unencrypted: x\n", "bad-content"),
        (PLAIN, f"a: {SENTINEL}\na: x\n", "bad-content"),
        (PLAIN, f"a: &x {SENTINEL}\nb: *x\n", "bad-content"),
        (PLAIN, f"a: [{SENTINEL}\n", "bad-content"),
        (PLAIN, "{}\n", "nothing-to-encrypt"),
        (PLAIN, f"- {SENTINEL}\n", "bad-content"),
        (SECRET, f"password: {SENTINEL}\n", "nothing-to-encrypt"),
        (SECRET, f"data:\n    a: {SENTINEL}\n", "not-base64"),
        (SECRET, f"stringData:\n    a: b\npassword: {SENTINEL}\n", "bad-manifest"),
        (SECRET, f"stringData:\n    a:\n        b: {SENTINEL}\n", "not-a-string"),
        (SECRET, "stringData:\n    a: 2020-01-02T00:00:00Z\n", "not-a-string"),
        (SECRET, "stringData:\n    a: 5\n", "not-a-string"),
        (SECRET, f"stringData:\n    a: [{SENTINEL}]\n", "not-a-string"),
        (SECRET, f"stringData: [{SENTINEL}]\n", "not-a-string"),
        (SECRET, f"apiVersion: v1\nkind: Secret\nstringData:\n    a: {SENTINEL}\n", "bad-manifest"),
        (SECRET, f"kind: SecretList\nitems:\n- stringData: {{a: {SENTINEL}}}\n", "bad-manifest"),
        ("infra/secrets/keysets/a.yaml", f"value: {SENTINEL}\n", "keyset-file"),
        ("infra/a.yaml", f"a: {SENTINEL}\n", "no-rule"),
    ],
)
def test_a_file_that_its_rule_does_not_fit_stays_as_it_is(
    world: World, file: str, text: str, kind: str
) -> None:
    put(world, text, file)
    done = world.run("encrypt", file, "--json")
    report = json.loads(done.stdout)
    assert report["kind"] == kind, report
    assert done.status in {2, 3}
    assert (world.repo / file).read_text() == text
    assert SENTINEL not in done.stdout + done.stderr


def test_an_encrypted_file_and_a_missing_one_are_refused(world: World) -> None:
    world.encrypt(PLAIN, "a: b\n")
    before = (world.repo / PLAIN).read_bytes()
    assert world.run("encrypt", PLAIN).status == 2
    assert (world.repo / PLAIN).read_bytes() == before
    assert world.run("encrypt", "infra/secrets/dev/none.yaml").status == 2


def test_without_an_identity_that_opens_the_result_the_plain_file_stays(world: World) -> None:
    """What nobody here can read back, nobody here has checked."""
    put(world, TEXT)
    done = world.run("encrypt", PLAIN, env={"SOPS_AGE_KEY_FILE": "/nonexistent"})
    assert done.status == 4
    assert (world.repo / PLAIN).read_text() == TEXT


def test_a_dry_run_encrypts_nothing(world: World) -> None:
    put(world, TEXT)
    done = world.run("encrypt", PLAIN, "--dry-run")
    assert done.status == 0
    assert "would be encrypted, 4 values" in done.stderr
    assert (world.repo / PLAIN).read_text() == TEXT


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa: x\n", b"a: x\r\n"])
def test_a_file_that_windows_wrote_is_refused_and_stays(world: World, content: bytes) -> None:
    """sops would change it in silence; an edit and an import are a person's text of this moment."""
    path = world.repo / PLAIN
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert world.run("encrypt", PLAIN).status == 3
    assert path.read_bytes() == content
