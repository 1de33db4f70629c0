"""Who can read which file, and changing it.

``names``
    Recipients by the names that the settings give them.
``plan``
    Pure: what of a file's recipients and data key is to change, and what is refused.
``listing``
    Who can read what, as the rules say and as the files say.
``apply``
    The files of changed rules in one journalled change.
"""
