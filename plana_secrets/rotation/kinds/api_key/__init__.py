"""Keysets of X-API-Key values: ``policy`` is the kind, ``texts`` are the lists of providers."""
