"""The files under ``infra/secrets``: which there are, and how one is changed.

``workspace``
    The repository with its rules, identities and programs, each found when it is needed.
``kinds`` | ``globs`` | ``find`` | ``open`` | ``references``
    What a file is, where files are, how one is read, how a leaf in one is named.
``edits`` | ``guard`` | ``values``
    Pure: what a document looks like after an edit, and what may not be edited.
``stage``
    The new ciphertext of a file, made by sops and judged by us, not yet in its place.
``journal`` | ``recovery`` | ``exclusive`` | ``change``
    How staged files get into place together, alone, and through any crash.
``compare`` | ``versions``
    What differs between two commits, or a commit and the work tree, by name.
"""
