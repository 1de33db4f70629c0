"""Fields that the tables of several backends have, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plana_secrets.errors import UsageError
from plana_secrets.fields.place import Place
from plana_secrets.fields.reading import text
from plana_secrets.fields.shapes import shaped


@shaped(type="string", pattern="^[Hh][Tt][Tt][Pp][Ss]?://")
def url(raw: object, place: Place) -> str:
    """The one spelling of a server's address."""
    from plana_secrets.mirror.address import checked_url

    spelled = text(raw, place)
    try:
        return checked_url(spelled)
    except UsageError as error:
        raise place.fault(error.message) from None


def places_by_glob(globs: Mapping[str, str], files: Iterable[str]) -> Mapping[str, str | None]:
    """What the last glob that fits says of each file; a file that fits none has no place."""
    from plana_secrets.secretfiles.globs import last_match

    matched = {file: last_match(globs, file) for file in files}
    return {file: globs[glob] for file, glob in matched.items() if glob and glob[0] != "!"}
