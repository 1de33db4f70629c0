"""One idea per file: the checks of one file, in the order in which they run.

Checks across files are called by `verify/run.py`: they need what no single file shows. They
are ``attributes``, ``copies``, ``formers``, ``flux``, ``identities``, ``keysets``, ``leaks``,
``mirror``, ``mirrorpeople``, ``rules``, ``rulelint``, ``signers`` and ``typed``; ``keycopies``
needs the values of the keysets; ``strangers`` with ``gitfiles`` and ``plainmanifests`` looks at
what is no secret file.
"""

from __future__ import annotations

from typing import Final

from plana_secrets.verify.checks.clusters import (
    check_decrypt_disabled,
    check_substitution,
)
from plana_secrets.verify.checks.keynames import check_key_names
from plana_secrets.verify.checks.keysetfiles import check_keyset_file, check_keyset_values
from plana_secrets.verify.checks.manifests import check_manifest, check_manifest_data
from plana_secrets.verify.checks.names import check_twin_keys
from plana_secrets.verify.checks.placeholders import check_placeholders
from plana_secrets.verify.checks.recipients import check_recipients
from plana_secrets.verify.checks.selectors import check_mac_only, check_selector
from plana_secrets.verify.checks.timestamps import check_lastmodified
from plana_secrets.verify.subject import FileCheck

KEYLESS_CHECKS: Final[tuple[FileCheck, ...]] = (
    check_recipients,
    check_selector,
    check_mac_only,
    check_lastmodified,
    check_manifest,
    check_decrypt_disabled,
    check_keyset_file,
    check_key_names,
    check_twin_keys,
)

KEYED_CHECKS: Final[tuple[FileCheck, ...]] = (
    check_manifest_data,
    check_substitution,
    check_keyset_values,
    check_placeholders,
)
