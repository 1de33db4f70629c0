"""An identity in a readable file, in whatever form it is written."""

from __future__ import annotations

import base64
import json

import pyrage
import pytest

from plana_secrets.verify.report import View
from plana_secrets.verify.report.formats import FORMATS
from tests.verify.inprocess import of_check, verify, write
from tests.world import World


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
