"""A repository full of traps, and a bench that runs every command in it under strace.

``clone``
    A real repository with secret files, keysets and a mirror, and a folder outside of it
    in which nothing may change.
``traps``
    What a trap is. ``gittraps`` | ``filetraps`` | ``settingstraps``: one function a trap.
``catalogue``
    All of them.
``commands``
    With which arguments every command of the program is tried.
``watch``
    What a run started, changed and reached.
"""
