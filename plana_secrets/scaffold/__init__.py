"""What plana-secrets writes into a repository: ``repository`` plans what `init` creates.

``proposal`` says which settings describe the files that are there, and ``tomledit`` adds
to settings that a person wrote; ``newid`` gives a fork an id of its own. ``scanners`` has
the allow-lists that `init` prints, ``hooks`` are those of git that call us.
"""
