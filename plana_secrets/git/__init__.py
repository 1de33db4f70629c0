"""The only door to git.

``command`` | ``received``
    How git is run: its environment, its failures and warnings in our words; what of a
    surrounding git is passed on while a push is received.
``discovery``
    Which repository a folder is in.
``repository``
    What is there: files, commits, branches, contents.
``trees`` | ``changes``
    The files of the work tree, the index or a commit by one interface, and what differs.
``blobs`` | ``index`` | ``indexstat`` | ``search`` | ``pipes``
    The content of files of commits, the index and what it knows of the work tree, questions
    about many files at once, and files that git would wait for.
``past`` | ``history`` | ``filelog`` | ``lineage`` | ``rawlog``
    What came before: ancestors, earlier contents of a file, commits one by one, those
    that changed one file, the contents of many files through their names, and how git
    prints what a commit changed.
``ranges`` | ``messages``
    What the commits of a range brought, and every content that a file had; commits and tags
    as they are stored.
``hooks`` | ``textmerge`` | ``operation`` | ``signatures``
    Where git looks for hooks; merging readable text, and which commit is being merged; the
    two sides of what git is in the middle of; who signed a commit.
``commits`` | ``remotes`` | ``refusals`` | ``author`` | ``tracking``
    A commit written beside the branch and adopted later; fetch and push, and why a remote
    refused; in whose name a job commits; what is not pushed or pulled yet.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "git-missing-object": "run `git fetch --refetch` in a partial clone; otherwise see `git fsck`",
    "partial-past": "run it in a clone that is whole; `git fetch --unshallow` completes one",
    "git-pruned": "wait for `git gc` to finish and run it again",
}
