"""plana-secrets: edit, mirror, rotate and verify SOPS age-encrypted secret files.

A map for the newcomer, from the top down (imports point only downwards, and
import-linter holds us to it):

``cli``
    The one place that knows click, terminals and advice. One command, one file.
``scaffold`` | ``offboarding``
    What we write into a repository when it is set up; what a person who left could read.
``config``
    ``plana-secrets.toml`` to typed settings; its only reader.
``verify``
    Checks, findings, reports: what is true of the files, the keysets and the mirror.
``merging``
    Two versions of a secret file made one, where git would merge ciphertext as text.
``rotation`` | ``mirror`` | ``recipients``
    The keyset state machine and what it renders; the one-way copy and its backends; who
    can read which file. Each plans purely and acts afterwards.
``fields``
    How a field of the settings is read; the packages that have settings use it.
``secretfiles``
    The files under ``infra/secrets``: which there are, of what kind, how one is
    changed without ever being torn, and the journal of a change of many.
``document``
    Pure: what a document says, and what it looks like after an edit or a merge.
``sops`` | ``git``
    Reading SOPS documents natively and writing them through the sops program;
    the only door to git.
``age``
    Recipients, identities, and where identities are found.
``observability``
    Events as frozen data.
``process`` | ``storage`` | ``memory`` | ``locks``
    The only doors to other programs, to the disk, to memory-only files, and to lock files.
``errors`` | ``secret`` | ``escape`` | ``paths`` | ``places`` | ``limits`` | ``counts``
    What may go wrong, a value that does not print, foreign text made harmless, how a leaf
    is spelled, where a person's own folders are, how much is read of anything, and a
    number with its noun.
"""

__version__ = "0.1.0"
