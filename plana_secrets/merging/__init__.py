"""Two versions of a secret file made one, by path, where git would merge ciphertext as text.

``versions`` | ``sides`` | ``reasons``
    Pure: the versions of a file, one of them opened, and why two do not go together.
``plan`` | ``bypath`` | ``remarks`` | ``keysets``
    Pure: what the merged file holds, for whom, and from which side it is written; values by
    path, comments, and keysets by the state machine.
``rendered``
    What keysets render, where both sides changed it.
``bases``
    What both sides are compared with, also where branches were merged into each other.
``compose``
    The merged ciphertext, written by sops and read back.
``rulesafter`` | ``driver`` | ``sidecar``
    What git calls: the rules after the merge, one file merged, and what is kept of a conflict.
``openmerge`` | ``moved`` | ``resolving``
    What is left of a merge for a person: where its versions are, also of a file that one side
    moved, and what becomes of them.
"""
