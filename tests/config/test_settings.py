"""The settings file: every field, and the words for every mistake."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from plana_secrets.config import load_settings, schema
from plana_secrets.config.schema import parse_settings
from plana_secrets.errors import UsageError
from plana_secrets.mirror.backends import BACKENDS
from plana_secrets.mirror.backends.vaultwarden.settings import VaultwardenSettings
from plana_secrets.mirror.settings import MirrorSettings
from plana_secrets.rotation.kinds import KINDS
from plana_secrets.rotation.kinds.api_key.policy import ApiKeyPolicy
from plana_secrets.rotation.kinds.jwt_hs256.policy import JwtPolicy
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.verify.policy import Accept, NamedRecipient, Policy

KEY = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

WHOLE = b"""
required_version = ">=0.1"
[files]
roots = ["infra/secrets"]
plain = ["**/README.md"]
[git]
branch = "main"
[policy]
min_recipients = 2
required = ["recovery"]
selectors = ["^spec$"]
[recipients.recovery]
key = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
kind = "recovery"
[[verify.accept]]
check = "empty-value"
file = "infra/secrets/prod/mail.yaml"
path = "smtp_password"
reason = "optional"
until = 2027-03-31
[mirror]
backend = "vaultwarden"
[mirror.vaultwarden]
url = "https://vault.example.com/"
organization = "id"
collections = { "infra/secrets/prod/**" = "prod" }
[keysets."pulse-data/portal"]
kind = "api-key"
accepted = ["a.yaml#x"]
drain = "2h"
[keysets."pulse-account/jwt-access"]
kind = "jwt-hs256"
targets = ["a.yaml#y"]
skew = "30s"
"""


def test_a_whole_file_is_read():
    settings = parse_settings(WHOLE)
    assert settings.branch == "main"
    assert settings.policy.accepts[0].until == date(2027, 3, 31)
    server = settings.mirror.backends["vaultwarden"]
    assert isinstance(server, VaultwardenSettings)
    assert server.url == "https://vault.example.com"
    jwt, api = settings.keysets
    assert isinstance(jwt, JwtPolicy)
    assert jwt.skew == timedelta(seconds=30)
    assert isinstance(api, ApiKeyPolicy)
    assert api.drain == timedelta(hours=2)


def test_without_a_file_the_defaults_hold(tmp_path):
    assert load_settings(tmp_path).files.roots == ("infra/secrets",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[polcy]\n", "polcy: unknown field; did you mean policy?"),
        ("[zzz]\n", "zzz: unknown field; known fields: files, git, keysets,"),
        ("[policy]\nmin_recipients = 'two'\n", "policy.min_recipients: expected a whole number"),
        ("[policy]\nmin_recipients = true\n", "expected a whole number, not true or false"),
        ("[policy]\nmin_recipients = 2.0\n", "expected a whole number, not a number"),
        ("[policy]\nmin_recipients = nan\n", "policy.min_recipients: expected a whole number"),
        ("[policy]\nmin_recipients = -inf\n", "policy.min_recipients: expected a whole number"),
        ("[policy]\nmin_recipients = 2026-01-01\n", "a whole number, not a date or time"),
        ("[policy]\nrequired = ['flux']\n", r"policy.required\[0\]: no \[recipients.flux\]"),
        ("[policy]\nrequired = 'flux'\n", "policy.required: expected a list in brackets, not text"),
        ("[policy]\nmin_recipients = 0\n", "policy.min_recipients: expected a number from 1"),
        (f"[policy]\nmin_recipients = 0x{'f' * 5000}\n", "policy.min_recipients: expected"),
        ("files = 1\n", "files: expected a table, not a whole number"),
        ("[files]\nroots = ['../x']\n", r"files.roots\[0\]"),
        ("[files]\nroots = ['a', '/x']\n", r"files.roots\[1\]"),
        ("[files]\nroots = ['a/*[']\n", r"files.roots\[0\]: not a glob"),
        ("[files]\nroots = ['*/../x']\n", r"files.roots\[0\]: must be a folder"),
        ("[files]\nroots = ['!*.yaml']\n", r"files.roots\[0\]: cannot begin with !"),
        (
            "[files]\nroots = ['a\\u0000b']\n".replace("'", '"'),
            r"files.roots\[0\]: contains a line break",
        ),
        (f"[files]\nroots = ['{'x' * 300}']\n", r"files.roots\[0\]: a part of more than 255 bytes"),
        (f"[files]\nkeysets = '{'x/' * 600}x'\n", "files.keysets: a name of more than 1024 bytes"),
        ("[files]\nplain = ['ok', '[z-a]']\n", r"files.plain\[1\]: not a glob"),
        ("[files]\nplain = ['!']\n", r"files.plain\[0\]: a glob that matches nothing"),
        ("[mirror]\nexclude = ['[z-a]']\n", r"mirror.exclude\[0\]: not a glob"),
        ("[git]\nbranch = '--upload-pack=x'\n", "git.branch: not a branch name"),
        ("[git]\nbranch = ''\n", "git.branch: must not be empty"),
        ("[git]\nbranch = 'refs/heads/x'\n", "git.branch: write the name without refs/heads/"),
        ("[git]\nallowed_signers = '../x'\n", "git.allowed_signers: must be a file inside"),
        ("[git]\nallowed_signers = '/x'\n", "git.allowed_signers: must be a file inside"),
        ("[git]\nallowed_signers = './x'\n", "git.allowed_signers: must be a file inside"),
        ("[git]\nallowed_signers = '.git/config'\n", "git.allowed_signers: must be a file inside"),
        ("[recipients.a]\nkind = 'staff'\n", "recipients.a: key is missing"),
        ("[recipients.a]\nkey = 'age1abc'\nkind = 'staff'\n", "recipients.a.key: a damaged"),
        (
            "[recipients.a]\nkey = 'AGE-SECRET-KEY-1'\nkind = 'staff'\n",
            "recipients.a.key: this is an age id",
        ),
        (
            f"[recipients.'a b']\nkey = '{KEY}'\nkind = 'boss'\n",
            'recipients."a b".kind: expected "staff", "job", "cluster"',
        ),
        ("[mirror.local]\nrecipients = ['x']\n", r"mirror.local.recipients\[0\]: not an age"),
        (
            "[[verify.accept]]\ncheck = 'x'\nfile = 'x'\nreason = ''\nuntil = 2099-01-01\n",
            r"verify.accept\[0\].reason: must not be empty",
        ),
        (
            "[[verify.accept]]\ncheck = 'x'\nfile = 'x'\nreason = 'y'\nuntil = 2099-01-01T00:00:00\n",
            r"verify.accept\[0\].until: expected a date",
        ),
        (
            "[mirror.vaultwarden]\nurl = 'http://v.example.com'\norganization = 'o'\n",
            "mirror.vaultwarden.url: .* is not https",
        ),
        ("[mirror.local]\npath = 'a/.GIT/x'\n", "mirror.local.path: must be a file outside .git"),
        ("[mirror]\nbackend = 'vaultwarden'\n", r"needs a table \[mirror.vaultwarden\]"),
        ("[mirror]\nbackend = 'memory'\n", 'mirror.backend: expected "none", "local", "vau'),
        (
            "[mirror.vaultwarden]\nurl = 'https://x'\n",
            "mirror.vaultwarden: organization is missing",
        ),
        (
            "[mirror.vaultwarden]\nurl = 'https://x'\norganization = 'o'\ncollections.'[z-a]' = 'x'\n",
            r'mirror.vaultwarden.collections."\[z-a\]": not a glob',
        ),
    ],
)
def test_a_mistake_names_its_place(text, words):
    with pytest.raises(UsageError, match=words):
        parse_settings(text.encode())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("", "keysets.a: kind is missing"),
        ("kind = 'other'", 'keysets.a.kind: expected "api-key" or "jwt-hs256"'),
        ("kind = 'api-key'", "keysets.a: accepted is missing"),
        ("kind = 'api-key'\naccepted = []\nrolout = '1h'", "keysets.a.rolout: .*mean rollout?"),
        ("kind = 'jwt-hs256'\ntargets = []\naccepted = []", "keysets.a.accepted: unknown field"),
        ("kind = 'api-key'\naccepted = ['a.yaml']", r"keysets.a.accepted\[0\]: not a secret ref"),
        ("kind = 'api-key'\naccepted = ['../a#b']", r"keysets.a.accepted\[0\]: not a secret ref"),
        (
            "kind = 'api-key'\naccepted = ['a.yaml#b', 'a.yaml#b..c']",
            r"accepted\[1\]: not a valid path",
        ),
        (f"kind = 'api-key'\naccepted = ['a#b[{'9' * 5000}]']", r"keysets.a.accepted\[0\]: long"),
        (f"kind = 'api-key'\naccepted = ['a#b[{'9' * 3000}]']", r"keysets.a.accepted\[0\]: not a"),
        (
            r"""kind = 'api-key'
accepted = ['a#b["\ud800"]']""",
            r"keysets.a.accepted\[0\]: not a valid path",
        ),
        ("kind = 'api-key'\naccepted = ['a#b', './a#b']", r"accepted\[1\]: the same as .*\[0\]"),
        (
            "kind = 'api-key'\naccepted = ['a#b']\ncallers = ['a#b']",
            r"callers\[0\]: .* uses another format for a#b",
        ),
        ("kind = 'api-key'\nformat = 'slots'\naccepted = ['a#b[0]']", r"accepted\[0\]: slots need"),
        ("kind = 'api-key'\naccepted = []\nexternal_callers = ['a b']", r"external_callers\[0\]"),
        ("kind = 'api-key'\naccepted = []\nexternal_callers = ['reload']", r"callers\[0\]: reload"),
    ],
)
def test_a_mistake_in_a_keyset_names_its_place(fields, words):
    with pytest.raises(UsageError, match=f"^plana-secrets.toml: .*{words}"):
        parse_settings(f"[keysets.a]\n{fields}\n".encode())


@pytest.mark.parametrize(
    "spelled",
    ["30", "1e9d", "99999999999d", "-1m", "0m", "0d", "1.5h", "", " 1h", "1h ", "٣m", "9999d", 5],
)
def test_what_is_no_duration_is_refused_with_its_place(spelled):
    fields = f"kind = 'api-key'\naccepted = []\nrollout = {spelled!r}\n"
    with pytest.raises(UsageError, match=r"^plana-secrets.toml: keysets.a.rollout: "):
        parse_settings(f"[keysets.a]\n{fields}".encode())


def test_no_wait_is_spelled_so_that_it_is_meant_and_a_key_has_an_age():
    table = "[keysets.a]\nkind = 'api-key'\naccepted = []\n"
    assert parse_settings(f"{table}rollout = '0s'\n".encode()).keysets[0].rollout == timedelta(0)
    with pytest.raises(UsageError, match=r"keysets.a.max_age: must be longer"):
        parse_settings(f"{table}max_age = '0s'\n".encode())


def test_the_names_of_keysets_are_names_of_files():
    for name in ("A", "a b", "../a", "a//b", "x" * 300, ""):
        text = f"[keysets.'{name}']\nkind = 'api-key'\naccepted = []\n"
        with pytest.raises(UsageError, match=r"keysets\..*lowercase letters"):
            parse_settings(text.encode())


def test_two_keysets_that_claim_one_place_are_both_named():
    text = "".join(
        f"[keysets.{name}]\nkind = 'jwt-hs256'\ntargets = ['a.yaml#k']\n" for name in "ab"
    )
    with pytest.raises(
        UsageError, match=r"keysets.b.targets\[0\]: keysets.a uses another format for a.yaml#k"
    ):
        parse_settings(text.encode())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = [\n", "the end of the file: not TOML"),
        (b"a = 1\nb 2\n", "line 2, column 3: not TOML"),
        (b"a = 1\n<<<<<<< x\nb = 1\n=======\n>>>>>>> y\n", "line 2: an unresolved merge conflict"),
        (b"a = 1\r\nb 2\r\n", "line 2, column 3: not TOML"),
        (b"a.b = 1\na = 2\n", "line 2, column [0-9]+: this name is already set"),
        (b"a = 1\na.b = 2\n", "line 2, column [0-9]+: this name is already set"),
        (b"a = 1\x00\n", "line 1, column 6: not TOML"),
        (b"\xef\xbb\xbfa = 1\n", "line 1: a byte order mark"),
        ("a = 1\n".encode("utf-16"), "line 1: not UTF-8"),
        (b"a = 1\nb = '\xff'\n", "line 2: not UTF-8"),
        (b"\nx = " + b"[" * 5000, "line 2: nested too deeply"),
        (b"x = [\n" + b"[\n" * 5000, "line [0-9]+: nested too deeply"),
        (b"x = " + b"{a=" * 5000, "line 1: nested too deeply"),
        (b"a = 1\nx = " + b"9" * 5000, "line 2: a number with too many digits"),
        (b"a = 1\nx = [\n  " + b"9" * 5000 + b"\n]\n", "line 3: a number with too many digits"),
        (b"\n" + b"a." * 100_000 + b"a = 1\n", "line 2: a name of more than 16 parts"),
        (b"x = {" + b"a." * 100_000 + b"a = 1}\n", "line 1: a name of more than 16 parts"),
        (b"['a'" + b".'a'" * 50_000 + b"]\n", "line 1: a name of more than 16 parts"),
    ],
)
def test_what_is_not_toml_names_the_line(content, words):
    with pytest.raises(UsageError, match=f"^plana-secrets.toml: {words}"):
        parse_settings(content)


def test_line_ends_of_windows_are_line_ends():
    assert parse_settings(b"[git]\r\nbranch = 'x'\r\n").branch == "x"


def test_each_field_is_one_of_its_settings_type():
    """And each of the type is a field, or is made of the table's name or of another table."""
    made = {"name", "accepts", "recipients", "kind", "allowed_signers"}
    for make, fields in (
        (FilesSettings, schema.FILES),
        (Policy, schema.POLICY),
        (NamedRecipient, schema.RECIPIENT),
        (Accept, schema.ACCEPT),
        *((backend, backend.FIELDS) for backend in BACKENDS.values()),
        *((kind, kind.FIELDS) for kind in KINDS.values()),
    ):
        named = {one.name for one in dataclasses.fields(make)}
        assert named - made <= set(fields) <= named, make
    named = {one.name for one in dataclasses.fields(MirrorSettings)} - {"backends"}
    assert named | set(BACKENDS) == set(schema.MIRROR)


def test_what_is_no_file_is_not_taken_for_a_missing_one(tmp_path):
    """The policy in it would be given up in silence."""
    assert load_settings(tmp_path).branch is None
    (tmp_path / "plana-secrets.toml").mkdir()
    with pytest.raises(UsageError, match="not a regular file") as caught:
        load_settings(tmp_path)
    assert caught.value.kind == "bad-config"


def test_settings_that_are_too_large_are_malformed(tmp_path):
    (tmp_path / "plana-secrets.toml").write_text("#" * (256 << 10) + "\n")
    with pytest.raises(UsageError, match=r"\.toml: larger than 256 KiB") as caught:
        load_settings(tmp_path)
    assert caught.value.kind == "bad-config"
