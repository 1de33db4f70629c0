"""Keysets of HS256 secrets: ``policy`` is the kind, ``texts`` are the files of services."""
