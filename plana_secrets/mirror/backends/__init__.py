"""Where a mirror may lie; each keeps tests/mirror/contract.py."""
