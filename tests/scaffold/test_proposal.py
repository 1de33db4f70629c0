"""Which settings ``init`` proposes for files of all layouts; and adding to settings by hand."""

from __future__ import annotations

import tomllib

import pytest

from plana_secrets.scaffold.proposal import propose
from plana_secrets.scaffold.tomledit import add_at_the_top, add_to_list
from plana_secrets.sops.rules.rulesfile import parse_rules

APPS = [f"kubernetes/apps/{app}/secret.sops.yaml" for app in ("db/pg/app", "web/blog/app")]


@pytest.mark.parametrize(
    ("secret", "others", "roots", "plain"),
    [
        (APPS, ["kubernetes/apps/db/pg/app/helmrelease.yaml"], ("**/*.sops.yaml",), ()),
        (APPS, [], ("**/*.sops.yaml",), ()),
        (["infra/secrets/dev/a.yaml", "infra/secrets/b.json"], [], ("infra/secrets",), ()),
        (
            ["infra/secrets/dev/a.yaml"],
            ["infra/secrets/dev/notes.txt", "infra/secrets/enc.sh", "README.txt"],
            ("infra/secrets",),
            ("infra/secrets/**/*.sh", "infra/secrets/**/*.txt"),
        ),
        (["a/secrets/x.yaml"], ["a/secrets/y.yaml"], (), ()),
        (
            ["services/a/secrets/x.yaml", "services/b/secrets/y.json", "services/b/secrets/z.yaml"],
            ["services/a/main.py"],
            ("services/*/secrets",),
            (),
        ),
        (
            ["services/a/secrets/x.yaml", "services/b/secrets/y.yaml"],
            ["services/c/secrets/readable.yaml"],
            ("services/a/secrets", "services/b/secrets"),
            (),
        ),
        (["host/laptop/secret.yaml", "host/pc/secret.yaml"], ["x/a.yaml"], ("**/secret.yaml",), ()),
        (["a/db-secret.yaml"], ["b/sealed-secret.yaml"], (), ()),
        (["a/db-secret.yaml"], ["b/app.yaml"], ("**/*-secret.yaml",), ()),
        (["machines/a/wifi.yaml", "machines/b/vpn.yaml"], ["x.yaml"], ("machines",), ()),
        (["clusters/prod/db.yaml", "clusters/prod/mail.yaml"], ["clusters/prod/app.yaml"], (), ()),
        (["db.yaml"], [], (), ()),
        (["ha[1]/x.sops.yaml", "[a]/secrets/y.yaml"], [], (), ()),
    ],
)
def test_few_patterns_hold_what_is_encrypted_and_nothing_else(secret, others, roots, plain) -> None:
    proposed = propose(secret, others, ())
    assert (proposed.roots, proposed.plain) == (roots, plain)


def test_selectors_that_are_in_use_are_allowed() -> None:
    rules = parse_rules(
        b"creation_rules:\n- {path_regex: a, encrypted_regex: ^(token)$}\n"
        b"- {path_regex: b, unencrypted_suffix: _plain}\n- encrypted_regex: ^(data|stringData)$\n"
    )
    assert propose([], [], [rules]).selectors == ("^(token)$", "unencrypted_suffix=_plain")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[files]\n",
        '[files]\nroots = ["a"] # mine\nplain = ["]"]\n[policy]\nmin_recipients = 2\n',
        '# top\n[policy]\n\n[files]\nroots = [\n  "a", # the first\n  "b[0]",\n]\n\n[git]\nbranch = "main"\n',
        "[policy]\nroots = 1\n[files.x]\n",
        '[files]\nkeysets = "roots = []"\n',
    ],
)
def test_a_list_grows_and_the_rest_stays(content: str) -> None:
    before = tomllib.loads(content)
    edited = add_to_list(content, "files", "roots", ["**/*.sops.yaml"], ["infra/secrets"])
    assert edited is not None
    had = before.get("files", {}).get("roots", ["infra/secrets"])
    before.setdefault("files", {})["roots"] = [*had, "**/*.sops.yaml"]
    assert tomllib.loads(edited) == before
    assert all(
        line in edited for line in content.splitlines() if "roots" not in line and '"' not in line
    )


@pytest.mark.parametrize("content", ["files.roots = ['a']\n", "files = { roots = ['a'] }\n"])
def test_what_cannot_be_added_to_is_left_alone(content: str) -> None:
    assert add_to_list(content, "files", "roots", ["b"]) is None


@pytest.mark.parametrize("content", ["", "[files]\n", "required_version = 'x'\n\n# why\n[files]\n"])
def test_a_line_at_the_top_is_in_no_table(content: str) -> None:
    assert tomllib.loads(add_at_the_top(content, 'a = "b"')) == {"a": "b", **tomllib.loads(content)}
