"""Speed beside the real alternative, measured in one run: ``scripts/bench``.

No test asserts a time. ``generate`` makes files that the real sops decrypts, ``timing``
runs commands side by side, ``__main__`` says which. ``range`` measures ranges and hooks, ``job`` a
job of CI, ``attacks`` counts what is found, and what other programs let pass.
"""
