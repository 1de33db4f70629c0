"""Where a mirror can be; each passes tests/mirror/contract.py."""
