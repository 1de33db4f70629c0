"""Where a mirror can be; each passes tests/mirror/contract.py.

``local`` is a file encrypted with age, ``vaultwarden`` a server, ``memory`` is for tests.
"""
