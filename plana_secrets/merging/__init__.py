"""Two versions of a secret file made one, by path, where git would merge ciphertext as text.

``sides`` | ``reasons``
    Pure: one version of a file, and why two of them do not go together.
``plan`` | ``bypath`` | ``remarks`` | ``keysets``
    Pure: what the merged file holds, for whom, and from which side it is written; values by
    path, comments, and keysets by the state machine.
``compose``
    The merged ciphertext, written by sops and read back.
``rulesafter`` | ``driver`` | ``sidecar``
    What git calls: the rules after the merge, one file merged, and what is kept of a conflict.
"""
