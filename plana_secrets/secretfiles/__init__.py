"""The secret files of a repository: which there are, and the only way to write one.

``workspace`` | ``settings``
    The repository with its rules, identities and programs, each found when it is needed.
``snapshot`` | ``versions`` | ``past``
    Files, rules and settings in the work tree, in the index or at a commit, and what
    differs between two of them.
``state``
    The folder in git's own folder where the journal, the lock and kept edits are.
``listing`` | ``missing`` | ``roots`` | ``globs`` | ``globpattern`` | ``names``
    Where files are, what was meant by a name that no file has, and which names they may have.
``open`` | ``unmerged``
    How a file is read, and when none is written.
``discovery``
    What makes a file a secret file where its folder does not say so.
``past`` | ``formers``
    The changes of one file, and the file at a commit; who can open a file with an older
    version of it.
``ciphertexts`` | ``finding``
    Which ciphertext is where in a version, without reading all of it; where a value is.
``writing``
    How new ciphertext gets into place: staged, journalled, locked, recovered.
``editing``
    A whole document as text that a person changes, and an edit kept for later.
"""
