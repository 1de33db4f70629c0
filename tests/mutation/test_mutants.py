"""The mutator: its changes are changes, they are the same for the same seed, and they are met."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath

import pytest

from tests.mutation.__main__ import choose_sample
from tests.mutation.mutants import find_mutants
from tests.mutation.selection import WIDER, choose_stages
from tests.mutation.trial import Trial

ROOT = Path(__file__).parents[2]
MODULE = "plana_secrets/document/merge.py"


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("x = a < b", {"(a <= b)", "(a >= b)"}),
        ("x = a and b", {"(a or b)", "(a)", "(b)"}),
        ("x = not a", {"(a)"}),
        ("x = a + 1", {"(a - 1)", "(2)", "(0)"}),
        ("x = a in {'b', 'c'}", {"(a not in {'b', 'c'})", "({'b'})", "({'c'})"}),
        ("x = f(a, b=c)", {"(f(a))"}),
        ("f(a)", {"pass"}),
        ("if a: x = b", {"(not a)", "(False)"}),
        ("x = [a for a in b if c]", {"(True)"}),
        ("def f():\n    return a", {"return None"}),
        ("while a:\n    break", {"(not a)", "(False)", "continue"}),
        ("raise Error(f'{a + 1}', kind='b')", {"pass"}),
    ],
)
def test_the_slips_that_code_allows(source: str, changes: set[str]) -> None:
    assert {mutant.new for mutant in find_mutants(source.encode())} == changes


@pytest.mark.parametrize(
    "source",
    [
        '"""A text with 1 < 2."""',
        "x: tuple[int, str]",
        "def f(a: Literal[1]) -> tuple[int, str]: ...",
        "if TYPE_CHECKING:\n    from a import b",
        "@dataclass(frozen=True)\nclass A: ...",
        "x = f'{a + 1}'",
    ],
)
def test_words_and_types_are_left_alone(source: str) -> None:
    assert find_mutants(source.encode()) == []


def test_every_change_of_a_real_module_is_one_and_compiles() -> None:
    source = (ROOT / MODULE).read_bytes()
    before = ast.dump(ast.parse(source))
    mutants = find_mutants(source)
    assert len(mutants) > 50
    for mutant in mutants:
        changed = mutant.apply(source)
        assert ast.dump(ast.parse(changed)) != before, mutant
        assert source[mutant.start : mutant.end].decode() == mutant.old


def test_a_seed_chooses_the_same_sample_again() -> None:
    places = ["plana_secrets/document"]
    first = choose_sample(ROOT, places, 10, 7)
    assert first == choose_sample(ROOT, places, 10, 7) != choose_sample(ROOT, places, 10, 8)
    assert len(first) == 10
    assert {module.rsplit("/", 1)[0] for module, _mutant in first} == {places[0]}


def test_the_nearest_tests_come_first_and_none_twice() -> None:
    near, wider = choose_stages(ROOT, PurePosixPath(MODULE))
    assert near[0] == "tests/document/test_merge.py"
    assert any(name.startswith("tests/cli/") for name in wider)
    assert not set(near) & set(wider)
    assert len({*near, *wider}) == len(near) + len(wider)


def test_a_module_may_have_a_folder_of_tests() -> None:
    near, *_ = choose_stages(ROOT, PurePosixPath("plana_secrets/cli/commands/edit.py"))
    assert near[0].startswith("tests/cli/commands/edit/test_")


def test_the_table_of_packages_names_what_is_there() -> None:
    named = {name for names in WIDER.values() for name in names}
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small project, whose tests see one of two functions."""
    files = {
        "plana_secrets/__init__.py": "",
        "plana_secrets/a.py": "def seen(x):\n    return x < 1\n\ndef unseen(x):\n    return x < 1\n",
        "tests/__init__.py": "",
        "tests/test_a.py": "from plana_secrets.a import seen\ndef test_a():\n    assert seen(0)\n",
    }
    for name, text in files.items():
        (tmp_path / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "checkout" / name).write_text(text)
    return tmp_path / "checkout"


@pytest.mark.long
def test_a_change_meets_the_tests_in_a_copy(checkout: Path, tmp_path: Path) -> None:
    module = "plana_secrets/a.py"
    source = (checkout / module).read_bytes()
    trial = Trial(checkout, tmp_path / "trial", timeout=60)
    turned = {one.line: one for one in find_mutants(source) if one.new == "(x >= 1)"}
    assert trial.is_noticed(module, turned[2]) == "tests/test_a.py"
    assert trial.is_noticed(module, turned[5]) is None
    assert (checkout / module).read_bytes() == source


@pytest.mark.long
def test_tests_that_fail_anyway_say_nothing(checkout: Path, tmp_path: Path) -> None:
    (checkout / "tests/test_a.py").write_text("def test_a():\n    assert False\n")
    trial = Trial(checkout, tmp_path / "trial", timeout=60)
    mutant = find_mutants((checkout / "plana_secrets/a.py").read_bytes())[0]
    assert trial.is_noticed("plana_secrets/a.py", mutant) is None
