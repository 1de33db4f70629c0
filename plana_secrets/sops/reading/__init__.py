"""From bytes to a document, natively. Starts no program and reads no file.

``reader``
    The way in: `read_structure` without a key, `open_document` with one.
``salvage``
    What can still be read of a file that must not be used.
``source`` | ``events`` | ``nodes`` | ``parts`` | ``containers`` | ``plainblock``
    Text to events to items: limits, YAML, containers.
``jsonevents`` | ``jsontree`` | ``dotenvtree``
    The other two formats that are read, into the same tree.
``comments`` | ``commentscope``
    Comments, and where they belong.
``scalars`` | ``tokens`` | ``metadata`` | ``stanza`` | ``structure``
    What a scalar, an encrypted value, the `sops` block and an age stanza may be.
``crypto`` | ``datakey``
    Opening values, the MAC, and the data key through one of our identities.
``jsonvalues``
    A document as the JSON that sops prints.
"""
