"""Who can read which file, and changing it.

``names``
    Recipients by the names that the settings give them.
``plan``
    Pure: what of a file's recipients and data key is to change, and what is refused.
``listing``
    Who can read what, as the rules say and as the files say.
``people`` | ``replacing``
    A person who joins or leaves, or gets another key.
``rulesedit`` | ``settingsedit``
    The text of `.sops.yaml` and of `plana-secrets.toml` after that.
``apply`` | ``access``
    The files of changed rules; rules, settings and files in one journalled change.
"""
