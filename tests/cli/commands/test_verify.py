"""``verify`` as a person and a job run it."""

from __future__ import annotations

import json

import pytest

from tests.world import World

APP = "infra/secrets/dev/app.yaml"


@pytest.fixture
def small(world: World) -> World:
    world.encrypt(APP, 'user: admin\npassword: pa55\nempty: ""\n')
    world.commit()
    return world


def test_the_last_line_counts_and_says_what_next(small: World) -> None:
    done = small.run("verify")
    assert done.status == 0
    assert done.stdout.splitlines()[-1] == (
        "1 file, L3, 0 errors, 1 warning in 1 check; next: plana-secrets verify --propose-accepts"
    )


def test_json_is_one_object_with_the_fixed_names(small: World) -> None:
    done = small.run("verify", "--json")
    content = json.loads(done.stdout)
    assert content["schema"] == "plana-secrets/verify/1"
    assert {name: content[name] for name in ("level", "files", "checked", "complete")} == {
        "level": "L3", "files": 1, "checked": 1, "complete": True,
    }  # fmt: skip
    (finding,) = content["findings"]
    assert (finding["check"], finding["severity"], finding["file"], finding["path"]) == (
        "empty-value", "warning", APP, "empty",
    )  # fmt: skip


def test_strict_makes_warnings_fail(small: World) -> None:
    assert small.run("verify", "--strict").status == 1


def test_what_is_proposed_can_be_appended_to_the_configuration(small: World) -> None:
    done = small.run("verify", "--propose-accepts")
    assert done.status == 0
    assert done.stderr == "1 file, L3, 0 errors, 1 warning in 1 check\n"
    (small.repo / "plana-secrets.toml").write_text(done.stdout)
    after = small.run("verify", "--strict")
    assert after.stdout.splitlines()[-1] == "1 file, L3, 0 errors, 0 warnings, 1 accepted"
    assert after.status == 0
    planted = small.repo / APP
    planted.write_text(planted.read_text().replace("\nsops:", "\nnew: hunter2\nsops:"))
    assert small.run("verify").status == 1


def test_a_job_that_lost_its_key_does_not_look_green(small: World) -> None:
    nothing = {"SOPS_AGE_KEY_FILE": ""}
    assert small.run("verify", env=nothing).status == 0
    done = small.run("verify", "--level", "L3", env=nothing)
    assert done.status == 4
    assert done.stdout.splitlines()[-1].endswith("INCOMPLETE")


def test_a_file_may_be_named_from_any_folder(small: World) -> None:
    from_root = small.run("verify", APP)
    assert from_root.status == 0
    here = small.command(
        "sh", "-c", f"cd infra/secrets && {_program()} verify dev/app.yaml", check=False
    )
    assert (here.status, here.stdout) == (0, from_root.stdout)
    assert small.run("verify", "infra/secrets/dev/none.yaml").status == 2


def _program() -> str:
    import sys

    return f"{sys.executable} -I -m plana_secrets"


def test_nothing_to_verify_is_2(world: World) -> None:
    done = world.run("verify", "--json")
    assert done.status == 2
    assert json.loads(done.stdout)["kind"] == "nothing-checked"


def test_a_hostile_name_or_key_cannot_speak_to_terminal_or_runner(small: World) -> None:
    name = "infra/secrets/dev/x\n::error::\x1b]52;c;aGk=\x07\u202e.yaml"
    (small.repo / name).write_text('"\\e[2Jkey": hunter2\nsops: {}\n')
    done = small.run("verify")
    assert done.status == 1
    assert not set(done.stdout + done.stderr) & set("\x1b\x07\u202e")
    assert not [line for line in done.stdout.splitlines() if line.lstrip().startswith("::")]
    assert "hunter2" not in done.stdout


def test_the_mirror_is_asked_only_when_named_and_its_drift_fails_the_run(small: World) -> None:
    configuration = small.repo / "plana-secrets.toml"
    configuration.write_text('[mirror]\nbackend = "local"\n')
    small.commit()
    assert small.run("verify").status == 0
    assert small.run("verify", "--mirror").status == 1
    assert small.run("mirror", "sync").status == 0
    assert small.run("verify", "--mirror", "--level", "L4").status == 0
    small.sops("set", APP, '["password"]', '"changed"')
    done = small.run("verify", "--mirror")
    assert done.status == 1
    assert f"{APP} password: stale" in done.stdout
    assert "changed" not in done.stdout


def test_a_mirror_that_is_not_configured_is_a_usage_error(small: World) -> None:
    assert small.run("verify", "--mirror").status == 2


def test_many_files_are_verified_by_several_processes(small: World) -> None:
    """The same file many times: enough to fork, and every copy but the first is named."""
    content = (small.repo / APP).read_bytes()
    for number in range(300):
        (small.repo / f"infra/secrets/dev/{number:03}.yaml").write_bytes(content)
    done = small.run("verify", "--json")
    assert done.status == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["files"], report["checked"], report["level"]) == (301, 301, "L3")
    copied = [one for one in report["findings"] if one["check"] == "copied-file"]
    assert len(copied) == 300


def test_a_report_goes_into_a_file_beside_the_text(small: World) -> None:
    shown = small.run("verify").stdout
    done = small.run("verify", "--format", "sarif", "--output", "out.sarif")
    assert (done.status, done.stdout) == (0, shown)
    assert json.loads((small.repo / "out.sarif").read_text())["version"] == "2.1.0"
    whole = small.run("verify", "--json", "--format", "markdown", "--output", "out.md")
    assert json.loads(whole.stdout)["schema"] == "plana-secrets/verify/1"
    assert (small.repo / "out.md").read_text().startswith("### plana-secrets verify: passed\n")


def test_json_is_a_format_too(small: World) -> None:
    assert small.run("verify", "--format", "json").stdout == small.run("verify", "--json").stdout
    assert small.run("verify", "--format", "github").stdout.startswith(
        "::warning title=empty-value,"
    )


@pytest.mark.parametrize(
    "argv", [("--json", "--format", "sarif"), ("--propose-accepts", "--format", "text"), ("--propose-accepts", "--output", "x"), ("--output", "-")]
)  # fmt: skip
def test_two_results_on_stdout_are_refused(small: World, argv: tuple[str, ...]) -> None:
    assert small.run("verify", *argv).status == 2
    assert not (small.repo / "x").exists()


def test_a_run_that_fails_leaves_no_good_report_of_before(small: World) -> None:
    argv = ("verify", "--format", "markdown", "--output", "out.md")
    assert small.run(*argv).status == 0
    (small.repo / APP).unlink()
    assert small.run(*argv).status == 2
    assert (small.repo / "out.md").read_text().startswith("### plana-secrets verify: INCOMPLETE\n")


@pytest.mark.parametrize("file", [APP, "infra/secrets/dev/new.sarif", ".sops.yaml", ".git/config"])
def test_a_report_replaces_no_file_of_the_repository(small: World, file: str) -> None:
    target = small.repo / file
    before = target.read_bytes() if target.exists() else None
    done = small.run("verify", "--json", "--output", file)
    assert (done.status, json.loads(done.stdout)["kind"]) == (2, "report-in-git")
    assert (target.read_bytes() if target.exists() else None) == before


def test_an_ignored_place_below_the_roots_may_have_the_report(small: World) -> None:
    (small.repo / ".git" / "info" / "exclude").write_text("*.sarif\n")
    done = small.run("verify", "--output", "infra/secrets/dev/new.sarif")
    assert done.status == 0
    assert (small.repo / "infra/secrets/dev/new.sarif").read_text() == done.stdout
