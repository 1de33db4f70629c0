"""Who can read which file, and changing it.

``names``
    Recipients by the names that the settings give them.
``plan``
    Pure: what of a file's recipients and data key is to change, and what is refused.
``listing``
    Who can read what, as the rules say and as the files say.
``people`` | ``rulesedit``
    A person who joins or leaves; the text of `.sops.yaml` with one recipient more or less.
``apply``
    The files of changed rules in one journalled change.
"""
