"""The corpus: files and commits of attackers and of mistakes, and ordinary ones, each with
what ``verify`` must say of it.

``ground``
    A repository with a history, keysets and a mirror, in which every variant is built.
``variant``
    What a variant is, and how ``verify`` is asked about it.
``changes``
    How the text of a secret file is changed.
``content`` | ``metadata`` | ``yamlforms``
    One secret file that was tampered with: one row each.
``places`` | ``rules``
    What else is in a checkout: names, links, plaintext, identities; rules and keysets.
``history`` | ``access``
    What only a range of commits or the index shows.
``mirrors``
    What only the mirror shows.
``catalogue``
    All of them, and those that nothing can tell from honest work.
``good``
    Ordinary files and changes: no error may be found in them.
``peers``
    Other programs that are asked the same.
"""
