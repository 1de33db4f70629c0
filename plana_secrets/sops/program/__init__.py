"""The sops program, run and not trusted.

``binary``
    One method for each use of it.
``locate``
    Where it is found.
``workshop``
    The private folder and environment of one call.
``editor``
    What sops starts as its editor: it puts a prepared text into the file.
``failures``
    Exit statuses of sops in our own words.
"""
