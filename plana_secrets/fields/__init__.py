"""How a field of the settings is read: from a piece of TOML and its place to a typed value.

``reading`` | ``values`` | ``durations``
    Readers of text, lists and tables; of folders, globs, references, recipients, durations.
``place`` | ``shapes``
    Where in the file something is, and the error about it; what a reader accepts, for editors.

The packages that have settings put them together from these; `config` reads the file.
"""
