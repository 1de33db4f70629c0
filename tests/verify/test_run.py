"""A run over a whole repository: levels, what is passed to it, and what stops it."""

from __future__ import annotations

import pyrage
import pytest

from plana_secrets.age.identities import Identities, Unusable, parse_identity_file, unite
from plana_secrets.errors import IncompleteError, UnavailableError, UsageError
from plana_secrets.mirror.drift import Drift, DriftKind
from plana_secrets.secret import Secret
from plana_secrets.secretfiles.writing.journal import Journal
from plana_secrets.secretfiles.writing.records import Intent
from plana_secrets.verify.check import Level
from plana_secrets.verify.checks.mirror import Compared, compared
from plana_secrets.verify.report.summary import summary
from plana_secrets.verify.run import with_doubts
from tests.verify.inprocess import APP, NO_IDENTITY, checks, verify, workspace_of, write
from tests.world import World


def test_without_an_identity_the_level_is_l1_and_says_so(small: World) -> None:
    report = verify(small, identities=NO_IDENTITY)
    assert (report.level, report.complete, report.exit_code()) == (Level.L1, True, 0)
    asked = verify(small, identities=NO_IDENTITY, level=Level.L3)
    assert (asked.complete, asked.exit_code()) == (False, 4)


def test_a_source_that_lost_its_key_is_incomplete_unless_another_opens_all(small: World) -> None:
    lost = Unusable("SOPS_AGE_KEY_FILE", "no such file", lost=True)
    own = parse_identity_file(Secret(small.key_file.read_bytes()), "the test")
    report = verify(small, identities=Identities((), (lost,)))
    assert (report.complete, report.exit_code()) == (False, 4)
    assert [one.reason for one in report.unfinished] == [str(lost)]
    for held in (
        unite([own, Identities((), (lost,))]),
        Identities((), (lost._replace(lost=False),)),
    ):
        assert verify(small, identities=held).complete


def test_what_git_warned_of_leaves_a_run_incomplete(small: World) -> None:
    report = verify(small)
    doubted = with_doubts(report, ["git ls-files could not read everything"])
    assert (report.complete, doubted.complete, doubted.exit_code()) == (True, False, 3)


def test_a_file_for_others_keeps_its_own_level(small: World) -> None:
    stranger = pyrage.x25519.Identity.generate().to_public()
    rules = small.repo / ".sops.yaml"
    rules.write_text(
        f"creation_rules:\n    - path_regex: /prod/\n      age: {stranger}\n"
        f"    - age: {small.recipients}\n"
    )
    small.encrypt("infra/secrets/prod/app.yaml", "a: b\n")
    report = verify(small)
    assert report.file_levels == {
        "infra/secrets/dev/app.yaml": Level.L3,
        "infra/secrets/prod/app.yaml": Level.L1,
    }
    assert (report.level, checks(report)) == (Level.L1, [])
    assert verify(small, "infra/secrets/dev/app.yaml", level=Level.L3).exit_code() == 0


def test_a_broken_file_does_not_look_like_a_missing_key(small: World) -> None:
    write(small, "infra/secrets/dev/plain.yaml", "a: b\n")
    assert verify(small, level=Level.L3).exit_code() == 1
    assert verify(small, level=Level.L3, identities=NO_IDENTITY).exit_code() == 3


def test_a_wrong_mac_is_only_seen_with_the_identity(small: World) -> None:
    target = small.repo / "infra/secrets/dev/app.yaml"
    lines = target.read_text().splitlines(keepends=True)
    target.write_text("".join([lines[1], lines[0], *lines[2:]]))
    small.commit()
    assert checks(verify(small, identities=NO_IDENTITY)) == []
    assert checks(verify(small)) == [("mac-mismatch", "infra/secrets/dev/app.yaml", None)]


def test_the_mirror_lifts_the_level_and_its_drift_is_found(small: World) -> None:
    file = "infra/secrets/dev/app.yaml"
    drift = compared([Drift(DriftKind.STALE, file, "app", ("user",))])
    report = verify(small, find_drift={"the mirror": lambda: drift}, level=Level.L4)
    assert (report.level, report.exit_code()) == (Level.L4, 1)
    assert verify(small, find_drift={"the mirror": Compared}, level=Level.L4).exit_code() == 0


def test_a_file_that_the_mirror_does_not_show_keeps_its_level(small: World) -> None:
    """Its collection was renamed, say: nothing was compared."""
    file = "infra/secrets/dev/app.yaml"
    drift = [Drift(DriftKind.UNKNOWN, file, "app", reason="the account sees no collection 'dev'")]
    mirrors = {"one": Compared, "another": lambda: compared(drift)}
    report = verify(small, find_drift=mirrors, level=Level.L4)
    assert (report.level, report.exit_code()) == (Level.L3, 4)
    (finding,) = report.findings
    assert (finding.severity, finding.file) == ("warning", file)
    assert finding.message.endswith(": the account sees no collection 'dev'")


def test_a_mirror_that_does_not_answer_never_looks_complete(small: World) -> None:
    def fail() -> Compared:
        raise UnavailableError("no answer")

    report = verify(small, find_drift={"the mirror": fail})
    assert (report.complete, report.exit_code()) == (False, 5)
    write(small, "infra/secrets/dev/plain.yaml", "a: b\n")
    assert verify(small, find_drift={"the mirror": fail}).exit_code() == 3


def test_a_plaintext_file_is_named_once_however_it_is_written(small: World) -> None:
    """What its form has to be is told by what encrypts it; of an encrypted file it is all."""
    folder = "infra/secrets/dev"
    (app,) = verify(small).file_levels
    plain = (
        b"a: \xff\n", b"\xef\xbb\xbfa: b\n", b"a: b\r\n", b"a: b\na: c\n", b"a: &x b\nc: *x\n",
        b"a: b\n---\nc: d\n", b"a: [\n", "a: b\n".encode("utf-16"),
    )  # fmt: skip
    for number, content in enumerate(plain):
        write(small, f"{folder}/plain{number}.yaml", content)
    wide = write(small, f"{folder}/wide.yaml", (small.repo / app).read_text().encode("utf-16"))
    assert checks(verify(small)) == [
        *(("not-sops", f"{folder}/plain{number}.yaml", None) for number in range(len(plain))),
        ("yaml", f"{folder}/{wide.name}", None),
    ]


def test_a_folder_stands_for_the_files_in_it(small: World) -> None:
    write(small, "infra/secrets/prod/plain.yaml", "a: b\n")
    write(small, "infra/secrets/prod/README.md", "hello\n")
    assert verify(small, "infra/secrets/dev").file_levels.keys() == {"infra/secrets/dev/app.yaml"}
    assert [one[0] for one in checks(verify(small, "infra/secrets/prod"))] == ["not-sops"]
    with pytest.raises(UsageError):
        verify(small, "infra/secrets/none")


@pytest.mark.parametrize(
    "file",
    [
        "infra/secrets/prod/README.md", "infra/secrets/kustomization.yaml", ".sops.yaml",
        "plana-secrets.toml", "README.md", "app/deployment.yaml", "app/kustomization.yaml",
        "infra/secrets/.gitignore", "package.json", "link",
    ],
)  # fmt: skip
def test_a_hook_may_pass_files_that_need_not_be_encrypted(small: World, file: str) -> None:
    contents = {".sops.yaml": (small.repo / ".sops.yaml").read_text(), "plana-secrets.toml": ""}
    contents["infra/secrets/.gitignore"] = "*.tmp\n"
    contents["package.json"] = "{}"
    if file == "link":
        (small.repo / file).symlink_to("nowhere")
    else:
        write(small, file, contents.get(file, "kind: Kustomization\n"))
    report = verify(small, file, level=Level.L3)
    assert checks(report) == []
    assert (report.exit_code(strict=True), report.files, report.readable) == (0, 0, 1)
    assert summary(report).startswith("no secret files among them, 1 readable file, 0 errors")


def test_what_a_hook_passes_is_still_checked(small: World) -> None:
    secret = "kind: Secret\nstringData:\n  a: hunter2\n"
    write(small, "app/secret.yaml", secret)
    write(small, "infra/secrets/kustomization.yaml", secret)
    moved = (small.repo / APP).read_text().replace(",iv:", ",iv:A", 1)
    write(small, "app/moved.yaml", moved)

    def errors(file: str) -> set[str]:
        return {one.check for one in verify(small, file).findings if one.severity == "error"}

    assert errors("app/secret.yaml") == {"plaintext-secret"}
    assert errors("infra/secrets/kustomization.yaml") == {"plaintext-secret"}
    assert "not-canonical" in errors("app/moved.yaml")
    write(small, ".sops.yaml", "creation_rules:\n  - path_regex: (\n")
    assert errors(".sops.yaml")


def test_a_rule_for_every_file_means_none_beside_the_roots(small: World) -> None:
    write(small, "app/deployment.yaml", "kind: Deployment\n")
    small.write_rules("creation_rules:\n  - age: {recipients}\n")
    assert checks(verify(small, "app/deployment.yaml")) == []
    small.write_rules("creation_rules:\n  - path_regex: ^app/.*\\.yaml$\n    age: {recipients}\n")
    assert checks(verify(small, "app/deployment.yaml")) == []
    write(small, "app/db.secret.yaml", "a: b\n")
    small.write_rules("creation_rules:\n  - path_regex: secret\n    age: {recipients}\n")
    assert [one[0] for one in checks(verify(small, "app/db.secret.yaml"))] == ["not-sops"]


def test_what_a_sparse_checkout_leaves_out_never_looks_checked(small: World) -> None:
    small.encrypt("infra/secrets/prod/app.yaml", "a: b\n")
    small.commit()
    small.git("sparse-checkout", "set", "--no-cone", "/*", "!/infra/secrets/prod/")
    report = verify(small)
    assert (report.files, report.checked, report.complete) == (2, 1, False)
    assert "infra/secrets/prod/app.yaml" in report.unfinished[0].reason
    assert report.exit_code() == 3


def test_nothing_to_check_is_an_error(world: World) -> None:
    with pytest.raises(UsageError) as caught:
        verify(world)
    assert caught.value.kind == "nothing-checked"


def test_a_change_that_stopped_in_the_middle_stops_the_run(small: World) -> None:
    repository = workspace_of(small).repository
    Journal(repository).begin(Intent("set", str(small.repo), ()), [])
    with pytest.raises(IncompleteError):
        verify(small)


def test_what_git_warns_of_leaves_a_run_incomplete(world: World) -> None:
    """A `.gitattributes` that git does not follow: what it says of the files is not known."""
    world.encrypt("infra/secrets/a.yaml", "a: 1\n")
    (world.repo / "infra/secrets/.gitattributes").symlink_to("elsewhere")
    report = verify(world)
    assert not report.complete
    assert any(".gitattributes" in one.reason for one in report.unfinished), report
    assert report.exit_code() == 3
