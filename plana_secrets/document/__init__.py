"""What a document says and may say. Pure: nothing here reads a file or starts a program.

``kinds`` | ``manifest`` | ``kubernetes`` | ``shape`` | ``blank`` | ``meant``
    The kind that follows from a selector, the readable fields of a Secret manifest, the
    names that Kubernetes takes, all that it refuses of a Secret, and what an empty file of
    each kind is; which leaf a person means.
``edits`` | ``guard`` | ``values``
    What a document looks like after an edit, what may not be edited, and what a typed
    text means as a value.
``merge`` | ``compare`` | ``comparerules`` | ``repair``
    Two changes of one document; what differs between two versions, by name, and between two
    of the rules; a broken one put together again.
``emit`` | ``astyped``
    Items as YAML text that sops reads back as exactly these; numbers as they were typed.
``dotenv`` | ``exchange``
    The values of plain files in dotenv and JSON, and a document as one of them.
``environment`` | ``references``
    Values as environment variables; ``file#path``, the one notation for a leaf.
"""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "not-base64-value": "omit --decode, or set the value again with --encode",
    "bad-reference": "write FILE#PATH, with FILE relative to the repository",
    "bad-value": "omit --type, or pass a value that --type {type} takes",
}
