"""A keyset in the settings, with its target."""

from __future__ import annotations

KEYSET = "infra/secrets/keysets/app.yaml"
PROVIDER, CALLER = "infra/secrets/prod/provider.yaml", "infra/secrets/prod/caller.yaml"
CONFIGURATION = f"""\
[keysets."app"]
kind = "api-key"
accepted = ["{PROVIDER}#accepted"]
callers = ["{CALLER}#key"]
max_age = "100d"
"""
