"""Every way to tamper with the text of one file, and what the reader alone says to it.

What it cannot see in one file, a comparison with the base or the rules show; the corpus of
attacks has those rows, too, with the level at which each is found.
"""

from __future__ import annotations

import pytest

from plana_secrets.sops.model import Severity
from plana_secrets.sops.reading.reader import UnreadableError, open_document, read_structure
from tests.attacks import content, metadata, yamlforms
from tests.attacks.changes import drop
from tests.attacks.ground import SOURCES
from tests.attacks.variant import Variant
from tests.sops.sopsfiles import Bench
from tests.world import sops_program

OF_READER = {
    "yaml", "merge-conflict", "lfs-pointer", "not-sops", "not-encrypted", "not-canonical",
    "stray-ciphertext", "empty-value", "null-value", "empty-container", "plain-comment",
    "bad-key-name", "metadata", "key-service", "stanza", "undecryptable", "unencrypted-suffix",
    "mac-mismatch",
}  # fmt: skip
OTHERS = {"no metadata", "a hidden second reader in an entry of their own"}
"""Without metadata the reader sees no file of sops; that it was one, the values tell. Whose an
entry is under a label that is there twice, the rules tell."""
ROWS = [
    one
    for one in (*content.ROWS, *metadata.ROWS, *yamlforms.ROWS)
    if one.check in OF_READER and one.change is not None and one.name not in OTHERS
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(sops_program(), tmp_path_factory.mktemp("tampering"))
    bench.strangers = ["age199nx02f2esxsq4vndwr5ah7gc8mvyd7k3g0tmmegk8quenx3xvkqht2slw"]
    return bench


@pytest.fixture(scope="module")
def texts(bench: Bench) -> dict[str, str]:
    """Each file as its rule would have it."""
    selectors = {"secret.yaml": "^(data|stringData)$", "keysets/app.yaml": "^value$"}
    rules = {
        file: [f"encrypted_regex: {one}" for end, one in selectors.items() if file.endswith(end)]
        for file in SOURCES
    }
    return {file: bench.encrypt(text, *rules[file]).decode() for file, text in SOURCES.items()}


def findings(bench: Bench, text: str) -> list[str]:
    """What the reader says with the identity: the check words, notes left out."""
    structure = read_structure(text.encode("utf-8", "surrogateescape"))
    found = [one.check for one in structure.defects if one.severity is not Severity.NOTE]
    try:
        open_document(structure, bench.identities)
    except UnreadableError as error:
        found += [one.check for one in error.defects]
    return found


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_reader_sees_it(bench: Bench, texts: dict[str, str], row: Variant) -> None:
    assert row.change is not None
    original = texts[row.file]
    assert findings(bench, original) == []
    assert row.check in findings(bench, row.change(original))


def test_an_option_that_was_removed_changes_what_the_mac_is_of(bench: Bench) -> None:
    regex = "encrypted_regex: ^(data|stringData)$"
    manifest = SOURCES["infra/secrets/dev/app.secret.yaml"]
    text = bench.encrypt(manifest, regex, "mac_only_encrypted: true").decode()
    assert findings(bench, text) == []
    assert findings(bench, drop("mac_only_encrypted:")(text)) == ["mac-mismatch"]
