"""Random schedules of jobs, a person, a flaky remote and wrong clocks, judged by true time.

The decisions are the product's own: ``apply``, ``delivery``, ``landing``, the clock checks,
the keyset machine, the push that is read back. What is replaced is below them: files hold
no SOPS documents (``contents``), and, but for the schedules on real git, commits and the
remote are in memory (``memory``). ``judge`` knows nothing of the product's decisions: it
sees what the remote's branch holds, and when.
"""
