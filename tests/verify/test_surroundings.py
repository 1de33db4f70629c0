"""The repository around the secret files: deny by default, and nothing odd about git."""

from __future__ import annotations

import base64
import json
import time

import pyrage
import pytest

from plana_secrets.verify.builds import Flux
from plana_secrets.verify.check import Level
from plana_secrets.verify.report import View
from plana_secrets.verify.report.formats import FORMATS
from tests.verify.helpers import checks, of_check, verify, write
from tests.world import World

APP = "infra/secrets/dev/app.yaml"
PLAIN_SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  a: aGk=\n"


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, "user: admin\npassword: pa55\n")
    world.commit()
    return world


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


# -- identities


@pytest.mark.parametrize("tracked", [True, False])
def test_an_identity_in_a_readable_file_under_the_roots_is_an_error(
    small: World, *, tracked: bool
) -> None:
    stranger = pyrage.x25519.Identity.generate()
    write(small, "infra/secrets/README.md", f"hello\n{stranger}\n")
    if tracked:
        small.git("add", "-A")
    (finding,) = of_check(verify(small), "private-identity")
    assert (finding.file, finding.line) == ("infra/secrets/README.md", 2)
    assert finding.severity == "error"
    assert "AGE-SECRET-KEY" not in finding.message


def test_an_identity_is_found_in_a_file_of_any_size(small: World) -> None:
    write(small, "dump.sql", f"{'x' * (6 << 20)}\n{small.identity}\n")
    small.git("add", "-A")
    (finding,) = of_check(verify(small), "private-identity")
    assert (finding.file, finding.line) == ("dump.sql", 2)


def test_elsewhere_it_is_an_error_when_something_is_encrypted_to_it(small: World) -> None:
    stranger = pyrage.x25519.Identity.generate()
    write(small, "docs/ours.txt", f"{small.identity}\n")
    write(small, "docs/theirs.txt", f"{stranger}\n")
    write(small, "docs/sample.md", "AGE-SECRET-KEY-1" + "Q" * 58 + "\n")
    small.git("add", "-A")
    found = {one.file: one.severity for one in of_check(verify(small), "private-identity")}
    assert found == {"docs/ours.txt": "error", "docs/theirs.txt": "warning"}


def _in_base64(text: str, width: int = 76) -> str:
    whole = base64.b64encode(text.encode()).decode()
    return "".join(f"{whole[at : at + width]}\n" for at in range(0, len(whole), width))


def test_in_whatever_form_it_is_written(small: World) -> None:
    """In UTF-16 by PowerShell, in the small letters that rage reads, in base64, twice in a line."""
    key = str(small.identity)
    file = f"# created: 2026-11-26T07:56:14Z\n# public key: {small.recipients}\n{key}\n"
    forms: dict[str, str | bytes] = {
        "wide.txt": file.encode("utf-16"),
        "wide-be.txt": f"\ufeff{file}".encode("utf-16-be"),
        "appended.txt": b"notes\n" + key.encode("utf-16-le"),
        "small.txt": key.lower(),
        "twice.txt": f"{key}{key}",
        **{f"base64-{width}.txt": _in_base64(file, width) for width in (64, 76, 4000)},
        **{f"base64-{offset}.txt": _in_base64("x" * offset + key) for offset in range(3)},
        "url-safe.txt": base64.urlsafe_b64encode(b"\xff\xfe\xfb" + key.encode()),
        "values.json": json.dumps({"key": _in_base64(file)}),
    }
    for name, content in forms.items():
        write(small, f"docs/{name}", content)
    write(small, "docs/about.txt", f"{base64.b64encode(b'AGE-SECRET-KEY- is the word').decode()}\n")
    small.git("add", "-A")
    found = of_check(verify(small), "private-identity")
    assert {(one.file, one.severity) for one in found} == {
        (f"docs/{name}", "error") for name in forms
    }
    small.commit()
    assert of_check(verify(small), "private-identity") == found


def test_in_a_name_and_in_a_symlink(small: World) -> None:
    """No report repeats such a name."""
    write(small, f"docs/{small.identity}.txt", "x\n")
    (small.repo / "docs/link").symlink_to(str(small.identity))
    small.git("add", "-A")
    report = verify(small)
    found = of_check(report, "private-identity")
    assert [(one.file, one.severity) for one in found] == [(None, "error"), ("docs/link", "error")]
    for form in FORMATS.values():
        assert str(small.identity) not in form(report, View())


def test_a_demo_identity_that_the_policy_names_is_public_on_purpose(small: World) -> None:
    write(small, "infra/demo/PUBLIC.txt", f"{small.identity}\n")
    small.git("add", "-A")
    assert of_check(verify(small), "private-identity") != []
    write(
        small,
        "plana-secrets.toml",
        f'[recipients.demo]\nkey = "{small.recipients}"\nkind = "demo"\n',
    )
    assert of_check(verify(small), "private-identity") == []


# -- what Flux builds


KEYSET = "infra/secrets/keysets/app.yaml"
FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: secrets
spec:
  interval: 10m
  path: ./infra/secrets
"""


@pytest.fixture
def with_keyset(small: World) -> World:
    small.encrypt(KEYSET, "schema: x\nvalue: y\n")
    small.commit()
    return small


def breaks_flux(world: World) -> list[tuple[str | None, str]]:
    return [(one.file, one.severity) for one in of_check(verify(world), "keyset-breaks-flux")]


def test_keysets_in_a_folder_of_their_own_break_nothing(with_keyset: World) -> None:
    with_keyset.encrypt("infra/secrets/prod/app.secret.yaml", PLAIN_SECRET)
    assert breaks_flux(with_keyset) == []


def test_keysets_below_a_folder_that_flux_builds_are_an_error(with_keyset: World) -> None:
    write(with_keyset, "clusters/prod/secrets.yaml", "kind: Other\n---\n" + FLUX)
    with_keyset.git("add", "-A")
    assert breaks_flux(with_keyset) == [(KEYSET, "error")]


@pytest.mark.parametrize("folder", ["infra/secrets", "infra/secrets/keysets"])
def test_a_kustomization_on_the_way_keeps_them_out(with_keyset: World, folder: str) -> None:
    write(with_keyset, "clusters/prod/secrets.yaml", FLUX)
    write(with_keyset, f"{folder}/kustomization.yaml", "resources: []\n")
    with_keyset.git("add", "-A")
    assert breaks_flux(with_keyset) == []


def test_keysets_beside_manifests_are_a_warning(with_keyset: World) -> None:
    with_keyset.encrypt("infra/secrets/app.secret.yaml", PLAIN_SECRET)
    assert breaks_flux(with_keyset) == [(KEYSET, "warning")]


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


def test_a_long_line_in_a_kustomization_is_read_in_little_time() -> None:
    start = (
        "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nspec:\n  path: ./infra"
    )
    for line in (
        "\t" * 100_000 + "/x",
        " " * 100_000 + "'x",
        " a" * 100_000 + '"x',
        "'" + " " * 100_000,
    ):
        before = time.process_time()
        Flux().read("a.yaml", f"{start}{line}\n".encode())
        assert time.process_time() - before < 1


def flux_findings(world: World) -> list[tuple[str, str | None]]:
    found = [one for one in verify(world).findings if one.check.startswith(("flux-", "keyset-"))]
    return sorted((one.check, one.file) for one in found if one.severity == "error")


def test_what_flux_cannot_build_is_named_wherever_it_is(small: World) -> None:
    small.encrypt("infra/secrets/prod/app.secret.yaml", PLAIN_SECRET)
    write(small, "clusters/prod.yaml", FLUX + "  decryption: {provider: sops}\n")
    write(small, "apps/values.yaml", "replicas: 1\n")
    small.commit()
    assert flux_findings(small) == [("flux-not-a-manifest", APP)]
    write(small, "clusters/prod.yaml", FLUX.replace("./infra/secrets", "./"))
    assert flux_findings(small) == [
        ("flux-no-decryption", "clusters/prod.yaml"),
        ("flux-not-a-manifest", "apps/values.yaml"),
        ("flux-not-a-manifest", APP),
    ]
    write(small, ".sourceignore", "/apps\nexample.yaml\n*.yaml\n!*.secret.yaml\n")
    small.git("add", "-A")
    assert flux_findings(small) == [("flux-no-decryption", "clusters/prod.yaml")]


def source(ignore: str, namespace: str = "flux-system") -> str:
    lines = "".join(f"    {line}\n" for line in ignore.splitlines())
    return (
        "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        f"metadata: {{name: a, namespace: {namespace}}}\nspec:\n"
        f"  url: https://git.example.com/a/b\n  ignore: |\n{lines}"
    )


def test_what_the_source_leaves_out_is_not_built(small: World) -> None:
    build = FLUX + "  sourceRef: {kind: GitRepository, name: a}\n"
    stopped = [("flux-not-a-manifest", APP)]
    for ignores, found in (
        (["# nothing"], stopped),
        (["/docs"], stopped),
        ([f"/{APP}"], []),
        (["/*\n!/infra\n/infra/secrets/dev"], []),
        ([f"{APP}\n!{APP}"], stopped),
        ([f"{APP}\n\\0\n{'x' * 200_000}\n"], []),
        ([APP, "/docs"], stopped),
    ):
        sources = map(source, ignores, ("flux-system", "other"))
        write(small, "clusters/prod.yaml", "".join([build, *sources]))
        small.commit()
        seen = [one for one in flux_findings(small) if one[0] == "flux-not-a-manifest"]
        assert seen == found, ignores
    write(small, "clusters/prod.yaml", build + source(f"!{APP}"))
    write(small, ".sourceignore", f"{APP}\n")
    small.commit()
    assert stopped[0] in flux_findings(small)


def test_a_component_that_a_kustomization_adds_is_built(small: World) -> None:
    component = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [app.yaml]\n"
    )
    write(small, "infra/secrets/dev/kustomization.yaml", component)
    write(small, "base/kustomization.yaml", "kind: Kustomization\n")
    build = FLUX.replace("./infra/secrets", "./base")
    write(small, "clusters/prod.yaml", build)
    small.commit()
    assert flux_findings(small) == []
    write(small, "clusters/prod.yaml", build + "  components: [../infra/secrets/dev]\n")
    assert flux_findings(small) == [
        ("flux-no-decryption", "clusters/prod.yaml"),
        ("flux-not-a-manifest", APP),
    ]


def test_a_build_of_another_repository_is_not_looked_at(small: World) -> None:
    small.git("remote", "add", "origin", "ssh://git@git.example.com/team/fleet.git")
    sources = "".join(
        "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        f"metadata: {{name: {name}}}\nspec: {{url: {url}}}\n"
        for name, url in (
            ("fleet", "https://git.example.com/Team/fleet"),
            ("app", "https://x.test/o/app"),
        )
    )
    write(small, "clusters/sources.yaml", sources)
    write(small, "clusters/prod.yaml", FLUX + "  sourceRef: {kind: GitRepository, name: app}\n")
    small.commit()
    assert flux_findings(small) == []
    write(small, "clusters/prod.yaml", FLUX + "  sourceRef: {kind: GitRepository, name: fleet}\n")
    assert flux_findings(small) == [
        ("flux-no-decryption", "clusters/prod.yaml"),
        ("flux-not-a-manifest", APP),
    ]
