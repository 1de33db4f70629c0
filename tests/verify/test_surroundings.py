"""The repository around the secret files: deny by default, and nothing odd about git."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.verify.check import Level
from tests.verify.inprocess import APP, PLAIN_SECRET, checks, of_check, verify, write
from tests.world import World


@pytest.mark.parametrize(
    "name",
    [
        ".env", "notes.txt", "app.yaml~", ".app.yaml.swp", "app.dec.yaml", "app.json", "APP.YAML",
        "app.yaml ", "app", "x/y/z.md", "secrets.tar.gz", ".gitsecret", ".hidden/app.env",
    ],
)  # fmt: skip
def test_what_is_neither_encrypted_nor_listed_is_denied(small: World, name: str) -> None:
    write(small, f"infra/secrets/dev/{name}", "password: hunter2\n")
    found = [one for one in checks(verify(small)) if one[0] != "twin-names"]
    ((check, file, path),) = found
    assert check in {"not-a-secret-file", "not-sops"}
    assert (file, path) == (f"infra/secrets/dev/{name}", None)


@pytest.mark.parametrize("name", ["Plana-Secrets.toml", "plana\u200b-secrets.toml", ".SOPS.yaml"])
def test_a_twin_of_the_settings_or_the_rules_is_an_error(small: World, name: str) -> None:
    """On a Mac they are one file, and which content it has depends on the checkout."""
    write(small, "plana-secrets.toml", '[files]\nroots = ["infra/secrets"]\n')
    write(small, name, "")
    write(small, "ReadMe.md", "")
    write(small, "README.md", "")
    report = verify(small)
    assert {one.file for one in of_check(report, "twin-names") if one.severity == "error"} == {
        name, ".sops.yaml" if "SOPS" in name else "plana-secrets.toml",
    }  # fmt: skip
    assert {one[1] for one in checks(report)} == {
        one.file for one in of_check(report, "twin-names")
    }


def test_a_sops_file_of_another_format_can_be_accepted_and_then_counts_as_not_opened(
    small: World,
) -> None:
    done = small.sops(
        "encrypt", "--filename-override", "infra/secrets/x.yaml", "--input-type", "ini",
        "--output-type", "ini", stdin=b"[a]\nb=c\n",
    )  # fmt: skip
    write(small, "infra/secrets/dev/app.ini", done.stdout)
    assert checks(verify(small)) == [("unread-format", "infra/secrets/dev/app.ini", None)]
    write(
        small,
        "plana-secrets.toml",
        '[[verify.accept]]\ncheck = "unread-format"\nfile = "infra/secrets/dev/app.ini"\n'
        'reason = "a tool reads it"\nuntil = 2099-01-01\n',
    )
    report = verify(small, level=Level.L3)
    assert checks(report) == []
    assert report.file_levels["infra/secrets/dev/app.ini"] is Level.L1
    assert report.exit_code() == 4


def test_a_file_with_the_name_of_a_leftover_is_denied_once_git_has_it(small: World) -> None:
    file = "infra/secrets/dev/.app.yaml.plana-0123abcd"
    write(small, file, "password: hunter2\n")
    assert checks(verify(small)) == []
    small.git("add", "-f", file)
    assert checks(verify(small)) == [("not-a-secret-file", file, None)]


def test_a_root_without_secret_files_is_a_warning(small: World) -> None:
    write(small, "plana-secrets.toml", '[files]\nroots = ["infra/secrets/", "infra/secrtes"]\n')
    report = verify(small)
    assert checks(report) == [("empty-root", "plana-secrets.toml", "files.roots[1]")]
    assert report.exit_code() == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", "# Secrets: how to\n"),
        ("kustomization.yaml", "resources: [a.yaml]\n"),
        ("sub/kustomization.yaml", "resources:\n- ../a.yaml\n"),
        (".gitkeep", ""),
        (".gitignore", "*.dec.yaml\n"),
        (".gitattributes", "*.bak -diff\n"),
        (".sourceignore", "/*\n!/prod\n"),
    ],
)
def test_what_is_meant_to_be_readable_is_no_finding_and_no_file_without_a_key(
    small: World, name: str, content: str
) -> None:
    write(small, f"infra/secrets/dev/{name}", content)
    report = verify(small, level=Level.L3)
    assert checks(report) == []
    assert (report.files, report.exit_code()) == (1, 0)


def test_what_git_ignores_or_nobody_keeps_is_not_looked_at(small: World) -> None:
    write(small, ".gitignore", "*.local\n")
    write(small, "infra/secrets/dev/x.local", "password: hunter2\n")
    gone = small.encrypt("infra/secrets/dev/gone.yaml", "a: b\n")
    small.commit()
    gone.unlink()
    assert checks(verify(small)) == []


@pytest.mark.parametrize("file", ["infra/secrets/dev/x.yaml", "infra/secrets/README.md"])
@pytest.mark.parametrize(
    "content",
    [
        PLAIN_SECRET,
        "---\nkind: ConfigMap\n---\n" + PLAIN_SECRET,
        "items:\n- apiVersion: v1\n  kind: Secret\n  stringData:\n    a: b\n",
        '{\n  "kind": "Secret",\n  "data": {"a": "aGk="}\n}\n',
    ],
)
def test_a_plain_secret_manifest_is_found_also_where_files_may_be_readable(
    small: World, file: str, content: str
) -> None:
    write(small, file, content)
    assert ("plaintext-secret", file, None) in checks(verify(small))


def test_a_generator_with_literals_is_a_warning(small: World) -> None:
    file = "infra/secrets/dev/kustomization.yaml"
    write(small, file, "secretGenerator:\n  - name: x\n    literals:\n      - a=b\n")
    assert checks(verify(small)) == [("plaintext-secret", file, None)]


def test_links_and_odd_modes_are_named_and_never_followed(small: World) -> None:
    outside = write(small, "elsewhere.yaml", "password: hunter2\n")
    (small.repo / "infra/secrets/link.yaml").symlink_to(outside)
    (small.repo / "infra/secrets/folder").symlink_to(small.repo / "infra/secrets/dev")
    (small.repo / APP).chmod(0o755)
    assert set(checks(verify(small))) == {
        ("file-kind", "infra/secrets/link.yaml", None),
        ("file-kind", "infra/secrets/folder", None),
        ("file-mode", APP, None),
    }


def test_a_link_above_a_root_is_named(small: World) -> None:
    write(small, "more/app.yaml", (small.repo / APP).read_text())
    write(small, "plana-secrets.toml", '[files]\nroots = ["infra/secrets", "more"]\n')
    (small.repo / "infra").rename(small.repo / "other")
    (small.repo / "infra").symlink_to("other")
    (small.repo / "inf").symlink_to("other")
    found = [one for one in checks(verify(small)) if one[0] == "file-kind"]
    assert found == [("file-kind", "infra", None)]


def test_a_file_that_cannot_be_read_is_named_without_its_place_on_this_machine(
    small: World,
) -> None:
    write(small, "infra/secrets/dev/huge.yaml", b"a" * (6 << 20))
    moved = small.repo / "infra/secrets/dev"
    moved.rename(small.repo / "moved")
    moved.symlink_to(small.repo / "moved")
    report = verify(small, "infra/secrets/dev/app.yaml", "moved/huge.yaml")
    assert checks(report) == [
        ("too-large", "moved/huge.yaml", None),
        ("unreadable-file", "infra/secrets/dev/app.yaml", None),
    ]
    assert str(small.folder) not in str(report.findings)


def test_a_link_in_the_place_of_the_rules_is_one_finding(small: World) -> None:
    small.encrypt("infra/secrets/dev/other.yaml", "a: b\n")
    rules = small.repo / ".sops.yaml"
    rules.rename(small.folder / "rules")
    rules.symlink_to(small.folder / "rules")
    for files in ((), (APP,)):
        (finding,) = verify(small, *files).findings
        assert (finding.check, finding.file) == ("rules-unreadable", ".sops.yaml")
        assert "symlink" in finding.message
    rules.unlink()
    for files in ((), (APP,)):
        assert checks(verify(small, *files)) == [("rules-missing", ".sops.yaml", None)]


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("path_regex", "path_regx", "rules-unknown-key"),
        ("age: age1", "age: age1q", "rules-bad-recipient"),
    ],
)
def test_what_a_damaged_rule_would_demand_of_files_is_not_told(
    small: World, old: str, new: str, check: str
) -> None:
    rules = small.repo / ".sops.yaml"
    rules.write_text(rules.read_text().replace(old, new))
    report = verify(small)
    assert {one.check for one in report.findings} <= {check, "rules-unreachable"}
    assert report.exit_code() == 1


def test_a_tracked_file_in_a_folder_that_cannot_be_entered_is_not_passed_over(
    small: World,
) -> None:
    """A loop of links, since no mode keeps root out."""
    folder = small.encrypt("infra/secrets/prod/app.yaml", "a: b\n").parent
    small.commit()
    (folder / "app.yaml").unlink()
    folder.rmdir()
    folder.symlink_to("prod")
    assert checks(verify(small)) == [
        ("file-kind", "infra/secrets/prod", None),
        ("unreadable-file", "infra/secrets/prod/app.yaml", None),
    ]


def test_a_submodule_among_the_secrets_is_named(small: World) -> None:
    inner = small.repo / "infra/secrets/vendor"
    inner.mkdir()
    small.command("git", "-C", str(inner), "init", "-q")
    small.command("git", "-C", str(inner), "commit", "-q", "--allow-empty", "-m", "x")
    small.git("add", "infra/secrets/vendor")
    assert ("file-kind", "infra/secrets/vendor", None) in checks(verify(small))


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("*.yaml filter=crypt", "error"),
        ("*.yaml working-tree-encoding=UTF-16", "error"),
        ("*.yaml ident", "error"),
        ("*.yaml merge=union", "warning"),
        ("*.yaml diff=sopsdiffer", "warning"),
        ("*.yaml text=auto eol=lf", None),
        ("*.yaml diff=plana-secrets merge=plana-secrets", None),
        ("*.md filter=lfs", None),
    ],
)
def test_git_attributes_that_change_a_secret_file_are_named(
    small: World, line: str, severity: str | None
) -> None:
    write(small, ".gitattributes", line + "\n")
    findings = of_check(verify(small), "git-attributes")
    assert [(one.file, one.severity) for one in findings] == ([(APP, severity)] if severity else [])


def test_a_second_rules_file_is_named_where_it_says_something_else(small: World) -> None:
    rules = (small.repo / ".sops.yaml").read_text().replace("^infra/secrets/", "")
    write(small, "infra/secrets/.sops.yaml", rules)
    assert checks(verify(small)) == []
    other = str(pyrage.x25519.Identity.generate().to_public())
    write(small, "infra/secrets/.sops.yaml", rules.replace("age: ", f"age: {other},"))
    assert ("rules-nested", "infra/secrets/.sops.yaml", None) in checks(verify(small))


def test_an_exception_for_what_was_not_looked_at_is_not_called_unused(small: World) -> None:
    other = "infra/secrets/dev/other.yaml"
    small.encrypt(other, "a: b\n")
    accepts = "".join(
        f'[[verify.accept]]\ncheck = "file-mode"\nfile = "{file}"\nreason = "x"\nuntil = 2099-01-01\n'
        for file in (APP, other)
    )
    write(small, "plana-secrets.toml", accepts)
    small.commit()
    assert [one.path for one in of_check(verify(small), "accept-unused")] == [
        "verify.accept[0]", "verify.accept[1]",
    ]  # fmt: skip
    assert [one.path for one in of_check(verify(small, APP), "accept-unused")] == [
        "verify.accept[0]"
    ]
