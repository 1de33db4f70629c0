"""What is installed from the wheel: the package, whole, and nothing else; and it works."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from plana_secrets import __version__

ROOT = Path(__file__).parents[1]


def run(*argv: str | Path, **settings: object) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pytest.importorskip("hatchling")
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    run(sys.executable, "-c", code, folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.long
def test_the_wheel_holds_what_git_has_of_the_package_and_nothing_else(wheel: Path) -> None:
    tracked = run("git", "ls-files", "-z", "--", "plana_secrets", cwd=ROOT).split("\0")
    info = f"plana_secrets-{__version__}.dist-info"
    own = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert names == {*filter(None, tracked), *own, f"{info}/licenses/LICENSE"}
    assert "plana_secrets/py.typed" in names


@pytest.mark.long
def test_an_installed_wheel_runs_the_tour(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own; the libraries are those of this one, so it needs no network."""
    place = tmp_path / "venv"
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    run(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel)
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    program = place / "bin" / "plana-secrets"
    where = run(python, "-I", "-c", "import plana_secrets; print(plana_secrets.__file__)")
    assert Path(where.strip()).is_relative_to(site)
    assert __version__ in run(program, "--version", env=environment, cwd=tmp_path)
    assert "Usage:" in run(program, "--help", env=environment, cwd=tmp_path)
    run(program, "demo", "--no-input", env=environment, cwd=tmp_path)
