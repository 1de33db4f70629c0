"""SOPS documents, without and with the sops program.

``model``
    A document as data; everything below speaks in these types.
``reading``
    A file to a document, natively and strictly. Starts nothing.
``rules``
    ``.sops.yaml`` as sops reads it, and which leaves a selector encrypts.
``program``
    The sops program, the only writer of ciphertext.
"""
