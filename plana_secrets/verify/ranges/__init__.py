"""What a range of commits brings: everything that only a comparison shows.

``run`` | ``staged``
    The ways in: a range, and what `git commit` would record. The newest tree, then all that
    follows here.
``inherited`` | ``parents``
    What the version before already had: no fault of the change; for the index, its parents.
``ends`` | ``events`` | ``pushes``
    From where to where a range goes, the events of forges, and pushes as git tells its hooks.
``terms`` | ``proposals``
    By which settings: those of the trusted base together with those of the head; what a
    branch may propose that is not deployed.
``middle``
    What a commit of the range had and a later one took away.
``content``
    Pure: one file before and after, without a key.
``past`` | ``between`` | ``dropped``
    Ciphertexts of older commits that are back, those of another file, and changes that a merge
    left out.
``keysets``
    Keyset files that are removed, or left without a table.
``signers`` | ``said``
    Who changed it: signatures of the commits; what commits, tags and names of refs say.
``access`` | ``workflows``
    Who could read before and who can now; rules, settings and workflows that are weaker.
"""
