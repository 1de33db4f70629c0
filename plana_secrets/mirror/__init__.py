"""The one-way copy of the secret files for people who need to look.

``settings`` | ``tables`` | ``backend`` | ``itemerrors`` | ``open`` | ``backends``
    The tables of the configuration, the protocol of a backend and what it raises, and which
    one is opened.
``owner``
    Which items this repository wrote, and which another one.
``surroundings`` | ``desk`` | ``placing``
    Where a backend is opened, what it says to the person about accounts, and its table,
    written into the settings.
``source`` | ``item`` | ``packed`` | ``wording``
    What is desired, read from a commit, what an item looks like, and how it waits.
``parts`` | ``renames`` | ``compare`` | ``drift`` | ``plan``
    A file in several items, what was renamed, what differs, its words, and what to do about it.
``guards`` | ``state`` | ``lastseen``
    What stops a run; files and mirror side by side, and how that was when it was last looked at.
``agreed`` | ``agreedfile``
    What agreed and stays closed while nothing in it changes, and where that is kept.
``apply`` | ``keep`` | ``adopt`` | ``restore``
    Acting and reading back, saving what was typed into the mirror, the two ways back.
``fieldnames`` | ``logins``
    What the name of a field says about its place in the file; which leaves are a login.
``address`` | ``accountfile``
    How a server's address is spelled, and the file that holds a job's credentials.
``form`` | ``record`` | ``export`` | ``people``
    How an item is spelled in what Bitwarden clients read; whom a local mirror is for.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "bad-record": (
        "`plana-secrets mirror diff` shows the item; delete it in a Bitwarden client "
        "and run `plana-secrets mirror sync`"
    ),
    "needs-confirm": "pass --confirm to proceed",
}
