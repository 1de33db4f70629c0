"""Plaintext that a commit of the range had and a later one took away."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.errors import FailedError, UsageError
from tests.verify.inprocess import of_check, write
from tests.verify.ranges.inprocess import errors, verify_commits, warnings
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
NEW = "infra/secrets/dev/new.yaml"


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, "user: admin\npassword: pa55\n")
    world.commit()
    world.git("tag", "base")
    return world


def test_plaintext_in_the_second_of_three_commits(small: World) -> None:
    small.encrypt(APP, "user: other\npassword: pa55\n")
    small.commit()
    write(small, NEW, "token: hunter2\n")
    planted = small.commit()
    small.encrypt(NEW, "token: hunter2\n")
    small.commit()
    report = verify_commits(small, "base..HEAD")
    (finding,) = of_check(report, "plaintext-in-commit")
    assert (finding.file, finding.commit, finding.severity) == (NEW, planted, "error")
    assert "hunter2" not in str(report.findings)
    assert report.exit_code() == 1
    assert verify_commits(small, "HEAD~1..HEAD").exit_code() == 0


def test_a_graft_hides_no_commit(small: World) -> None:
    base = small.git("rev-parse", "base").strip()
    write(small, "infra/secrets/dev/new.yaml", "password: hunter2\n")
    small.commit()
    (small.repo / "infra/secrets/dev/new.yaml").unlink()
    last = small.commit()
    (small.repo / ".git/info").mkdir(exist_ok=True)
    (small.repo / ".git/info/grafts").write_text(f"{last} {base}\n")
    assert [one[0] for one in errors(verify_commits(small, "base.."))] == ["plaintext-in-commit"]


def test_one_value_and_a_file_that_is_gone_again(small: World) -> None:
    good = (small.repo / APP).read_text()
    line = next(one for one in good.splitlines() if one.startswith("password:"))
    write(small, APP, good.replace(line, "password: hunter2"))
    write(small, NEW, "token: hunter2\n")
    planted = small.commit()
    write(small, APP, good)
    (small.repo / NEW).unlink()
    small.commit()
    report = verify_commits(small, "base..")
    assert {(one.file, one.path, one.commit) for one in report.findings} == {
        (APP, "password", planted),
        (NEW, None, planted),
    }


def test_a_side_branch_that_was_merged(small: World) -> None:
    small.git("checkout", "-q", "-b", "side")
    write(small, NEW, "token: hunter2\n")
    planted = small.commit()
    (small.repo / NEW).unlink()
    small.commit()
    small.git("checkout", "-q", "main")
    small.git("commit", "-q", "--allow-empty", "-m", "x")
    small.git("merge", "-q", "--no-ff", "side", "-m", "merge")
    report = verify_commits(small, "base..HEAD")
    assert [(one.file, one.commit) for one in report.findings] == [(NEW, planted)]


def test_what_a_merge_itself_has(small: World) -> None:
    small.git("checkout", "-q", "-b", "side")
    small.git("commit", "-q", "--allow-empty", "-m", "x")
    small.git("checkout", "-q", "main")
    small.git("merge", "-q", "--no-ff", "--no-commit", "side")
    write(small, NEW, "token: hunter2\n")
    merged = small.commit("merge")
    (small.repo / NEW).unlink()
    small.commit()
    report = verify_commits(small, "base..HEAD")
    assert [(one.file, one.commit) for one in report.findings] == [(NEW, merged)]


def test_a_merge_of_the_base_brings_nothing_of_its_own(small: World) -> None:
    small.git("checkout", "-q", "-b", "side")
    small.encrypt(NEW, "a: b\n")
    small.commit()
    small.git("checkout", "-q", "main")
    write(small, "infra/secrets/old.yaml", "token: hunter2\n")
    small.commit()
    (small.repo / "infra/secrets/old.yaml").unlink()
    small.commit()
    small.git("checkout", "-q", "side")
    small.git("merge", "-q", "main", "-m", "update")
    assert errors(verify_commits(small, "main..side")) == []


def test_the_settings_of_a_commit_do_not_exempt_it(small: World) -> None:
    write(small, "plana-secrets.toml", '[files]\nplain = ["**/new.yaml"]\n')
    write(small, NEW, "token: hunter2\n")
    small.commit()
    (small.repo / "plana-secrets.toml").unlink()
    (small.repo / NEW).unlink()
    small.commit()
    assert errors(verify_commits(small, "base..")) == [("plaintext-in-commit", NEW, None)]


def test_a_root_that_only_a_commit_in_the_middle_had(small: World) -> None:
    write(small, "plana-secrets.toml", '[files]\nroots = ["infra/secrets", "other"]\n')
    write(small, "other/new.yaml", "token: hunter2\n")
    small.commit()
    (small.repo / "plana-secrets.toml").unlink()
    (small.repo / "other/new.yaml").unlink()
    small.commit()
    found = errors(verify_commits(small, "base.."))
    assert found == [("plaintext-in-commit", "other/new.yaml", None)]


def test_beside_the_roots(small: World) -> None:
    write(small, "app/secret.yaml", "kind: Secret\nstringData:\n  a: hunter2\n")
    write(small, "notes.txt", f"{small.identity}\n")
    small.commit()
    (small.repo / "app/secret.yaml").unlink()
    (small.repo / "notes.txt").unlink()
    small.commit()
    assert errors(verify_commits(small, "base..")) == [
        ("plaintext-in-commit", "app/secret.yaml", None),
        ("plaintext-in-commit", "notes.txt", None),
    ]


def test_a_large_file_is_looked_into_as_well(small: World) -> None:
    padding = "# padding of comments\n" * 300_000
    write(small, "app/secret.yaml", f"{padding}kind: Secret\nstringData:\n  a: hunter2\n")
    write(small, "notes.txt", f"{padding}{small.identity}\n")
    write(small, NEW, padding)
    small.commit()
    for file in ("app/secret.yaml", "notes.txt", NEW):
        (small.repo / file).unlink()
    small.commit()
    found = of_check(verify_commits(small, "base.."), "plaintext-in-commit")
    assert {(one.file, one.line) for one in found} == {
        ("app/secret.yaml", 300_001), ("notes.txt", 300_001), (NEW, None)
    }  # fmt: skip


def test_an_encrypted_file_beside_the_roots(small: World) -> None:
    good = (small.repo / APP).read_text()
    line = next(one for one in good.splitlines() if one.startswith("password:"))
    write(small, "app/values.yaml", good.replace(line, "password: hunter2"))
    small.commit()
    (small.repo / "app/values.yaml").unlink()
    small.commit()
    assert errors(verify_commits(small, "base..")) == [
        ("plaintext-in-commit", "app/values.yaml", "password")
    ]


def test_readers_of_a_file_without_a_rule(small: World) -> None:
    """Of a new one they are its owner's choice; one that the base has gets no others."""
    good, file = (small.repo / APP).read_text(), "app/values.yaml"
    write(small, file, good)
    small.commit()
    first = small.git("rev-parse", "HEAD").strip()
    stranger = pyrage.x25519.Identity.generate()
    small.others.append(stranger)
    small.sops("rotate", "-i", "--add-age", str(stranger.to_public()), file)
    planted = small.commit()
    write(small, file, good)
    small.commit()
    assert errors(verify_commits(small, "base..")) == []
    found = of_check(verify_commits(small, f"{first}.."), "plaintext-in-commit")
    assert [(one.file, one.commit) for one in found] == [(file, planted)]


@pytest.mark.parametrize("file", ["docs/how.md", "tests/test_it.py", "vendor.d/a.yaml"])
def test_what_only_quotes_a_file_is_none(small: World, file: str) -> None:
    write(small, "plana-secrets.toml", '[files]\nplain = ["vendor.d/**"]\n')
    small.commit()
    small.git("tag", "-f", "base")
    broken = (small.repo / APP).read_text().replace("\npassword:", "\nplain: hunter2\npassword:")
    secret = "kind: Secret\nstringData:\n    a: hunter2\n"
    write(small, file, f'{secret}---\n{broken}---\n{{"sops": {{"mac": "ENC["}}}}\n')
    small.commit()
    (small.repo / file).unlink()
    small.commit()
    assert errors(verify_commits(small, "base..")) == []


def test_a_reader_for_one_commit(small: World) -> None:
    good = (small.repo / APP).read_text()
    rules = (small.repo / ".sops.yaml").read_text()
    small.others.append(pyrage.x25519.Identity.generate())
    small.write_rules("creation_rules:\n    - age: {recipients}\n")
    small.encrypt(APP, "user: admin\n")
    planted = small.commit()
    write(small, APP, good)
    write(small, ".sops.yaml", rules)
    small.commit()
    report = verify_commits(small, "base..")
    assert [(one.check, one.file, one.commit) for one in report.findings] == [
        ("plaintext-in-commit", APP, planted)
    ]


def test_an_identity_in_the_message_of_a_commit(small: World) -> None:
    small.git("commit", "-q", "--allow-empty", "-m", f"the key\n\n{small.identity}")
    told = small.git("rev-parse", "HEAD").strip()
    small.git("commit", "-q", "--allow-empty", "-m", "find AGE-SECRET-KEY-1 in files")
    report = verify_commits(small, "base..")
    (finding,) = of_check(report, "private-identity")
    assert (finding.commit, finding.file, finding.severity) == (told, None, "error")
    assert errors(verify_commits(small, "HEAD~1..")) == []


@pytest.mark.parametrize("setting", ["i18n.commitEncoding", "i18n.logOutputEncoding"])
@pytest.mark.parametrize("encoding", ["UTF-16", "IBM037", "ISO-8859-1"])
def test_no_encoding_hides_what_a_commit_says(small: World, setting: str, encoding: str) -> None:
    write(small, NEW, "token: hunter2\n")
    small.git("add", "-A")
    small.git("config", setting, encoding)
    small.git("commit", "-q", "-m", f"key {small.identity}")
    (small.repo / NEW).unlink()
    small.commit()
    found = {one[0] for one in errors(verify_commits(small, "base.."))}
    assert found == {"plaintext-in-commit", "private-identity"}


def test_the_name_of_a_submodule_of_one_commit(small: World) -> None:
    head = small.git("rev-parse", "HEAD").strip()
    entry = f"160000,{head},vendor/{small.identity}"
    small.git("update-index", "--add", "--cacheinfo", entry)
    small.git("commit", "-q", "-m", "x")
    small.git("rm", "-q", "--cached", f"vendor/{small.identity}")
    small.git("commit", "-q", "-m", "x")
    assert errors(verify_commits(small, "base..")) == [("plaintext-in-commit", None, None)]


def test_names_and_symlinks_of_one_commit(small: World) -> None:
    write(small, f"docs/{small.identity}.txt", "x\n")
    links = {"docs/link": str(small.identity), "infra/secrets/dev/link": "hunter2", NEW: "app.yaml"}
    for name, target in links.items():
        (small.repo / name).parent.mkdir(parents=True, exist_ok=True)
        (small.repo / name).symlink_to(target)
    small.commit()
    for name in (f"docs/{small.identity}.txt", *links):
        (small.repo / name).unlink()
    small.commit()
    report = verify_commits(small, "base..")
    assert sorted(one[1] or "" for one in errors(report)) == [
        "", "docs/link", "infra/secrets/dev/link"
    ]  # fmt: skip
    assert {one[0] for one in errors(report)} == {"plaintext-in-commit"}
    said = "".join(one.message for one in report.findings)
    assert str(small.identity) not in said
    assert "hunter2" not in said


def test_a_private_key_and_a_dotenv_file_of_one_commit_are_warnings(small: World) -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "A" * 64 + "\n"
    for name, content in {"key.pem": key, ".env": "TOKEN=x\n"}.items():
        write(small, name, content)
    small.commit()
    for name in ("key.pem", ".env"):
        (small.repo / name).unlink()
    small.commit()
    assert warnings(verify_commits(small, "base..")) == [
        ("plaintext-in-commit", ".env", None), ("plaintext-in-commit", "key.pem", None)
    ]  # fmt: skip


def test_what_the_base_already_had_is_a_warning(small: World) -> None:
    write(small, NEW, "token: hunter2\n")
    small.commit()
    small.git("tag", "-f", "base")
    small.encrypt(APP, "user: other\npassword: pa55\n")
    small.commit()
    report = verify_commits(small, "base..")
    assert (errors(report), report.exit_code()) == ([], 0)
    write(small, NEW, "token: hunter3\n")
    last = small.commit()
    report = verify_commits(small, "base..")
    assert [(one.check, one.commit) for one in report.findings] == [("not-sops", last)]


def test_nothing_changed_is_said(small: World) -> None:
    small.git("commit", "-q", "--allow-empty", "-m", "x")
    report = verify_commits(small, "base..HEAD")
    base, head = (small.git("rev-parse", one)[:12] for one in ("base", "HEAD"))
    assert report.remarks == (
        f"1 commit, {base}..{head}",
        "0 of 1 secret file changed; tree checked",
    )
    assert report.level.name == "L2"


def test_a_range_without_a_secret_file_is_no_ok(small: World) -> None:
    (small.repo / APP).unlink()
    small.commit()
    with pytest.raises(UsageError):
        verify_commits(small, "base..")


def test_a_shallow_clone_is_an_error(
    small: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old = small.git("rev-parse", "HEAD").strip()
    for number in range(2):
        small.git("commit", "-q", "--allow-empty", "-m", str(number))
    clone = tmp_path_factory.mktemp("clone")
    small.git("clone", "-q", "--depth=2", f"file://{small.repo}", str(clone / "repo"))
    (clone / "repo").rename(small.folder / "gone")
    (small.repo).rename(small.folder / "full")
    (small.folder / "gone").rename(small.repo)
    assert verify_commits(small, "HEAD~1...HEAD").exit_code() == 0
    small.sops("set", APP, '["password"]', '"new"')
    small.commit()
    report = verify_commits(small, "HEAD~1...HEAD")
    assert report.exit_code() == 3, "whether an old value is back, only older commits show"
    assert "old value" in report.unfinished[0].reason
    with pytest.raises(FailedError) as caught:
        verify_commits(small, f"{old}..HEAD")
    assert (caught.value.kind, caught.value.exit_code) == ("shallow-range", 3)
