"""The command line: the only place that knows click, terminals, advice and the clock.

``main`` | ``lazy`` | ``options`` | ``arguments`` | ``dashes``
    The table of commands, and how their options and arguments are read.
``commands``
    One file per command.
``context``
    What a command gets: options, repository, settings, identities, created on demand.
``failure`` | ``hints`` | ``here``
    From an exception to an exit code and words; what to do next, as a command that works in
    the folder where the person is.
``output`` | ``sheet`` | ``shown`` | ``streams`` | ``terminal`` | ``desk`` | ``times``
    The one gate to the terminal, tables for other programs, the standard streams, questions to
    a person, also of a backend, and times in words.
``secretfile`` | ``generate`` | ``inputs`` | ``identities`` | ``diffreport``
    What commands share: one file and leaf, new values, what is handed over, identities,
    the words of a diff.
``editing`` | ``draft`` | ``editor`` | ``astyped``
    One edit, its text in memory, the person's editor, values kept as they were typed.
``exposed`` | ``undo`` | ``repairing`` | ``rulesrepair`` | ``choosing``
    Where git has a plain file, a value of the past, what a person chooses of a broken file,
    rules that are repaired, and what a person chooses of two sides.
``newrepository`` | ``newidentities``
    What `init` asks, and where the identities that it creates are kept.
``checkup`` | ``tour`` | ``work`` | ``verifyplace``
    What `doctor` looks at, what `demo` shows, what waits for a person in `status`, and what
    `verify` looks at.
"""

import gc

# A run makes few cycles and many objects that live until its end. The collector's default
# of 700 looks through them again and again, a tenth of the time of a small command.
gc.set_threshold(20_000, 20, 50)
