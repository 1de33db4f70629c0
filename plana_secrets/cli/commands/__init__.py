"""One command, one file; the table in `cli/main.py` names each. ``mirror`` and ``rotate`` are
groups of commands with tables of their own.

``identity_copies``
    The two subcommands of `identity` that carry identities from machine to machine.
"""
