"""age: recipients, identities, and where identities are found.

``recipients`` encrypts, ``identities`` opens, ``sources`` looks for identities,
``keyring_store`` is the only door to the keyring of the operating system, and
``keeping`` keeps new identities without ever replacing one. ``hybrid`` is the
post-quantum kind of key, with ``fileformat`` and ``bech32`` as far as the age library
cannot do it.
"""
