"""Structured fuzzing of what a checkout can put before us: ``scripts/fuzz``.

``targets`` and ``sealed`` are the parsers with the code behind them, ``mutate`` changes good inputs piece
by piece, ``trial`` runs them in a forked child with bounds on time and memory. ``guided`` runs one target
under atheris, which no other part needs.
"""
