"""Who can open a file with an older version of it, since its data key was kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plana_secrets.counts import counted
from plana_secrets.errors import FailedError
from plana_secrets.secretfiles.formers import Former, find_formers
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.model import Severity
from plana_secrets.verify.catalogue import found
from plana_secrets.verify.finding import Finding
from plana_secrets.verify.people import names_of
from plana_secrets.verify.policy import Policy


def check_former_readers(
    snapshot: Snapshot, files: Sequence[str], policy: Policy
) -> Iterator[Finding]:
    """Of the history that led to the commit, or to HEAD."""
    repository = snapshot.workspace.repository
    gap, severity = repository.missing_history() if files else None, Severity.WARNING
    formers: dict[str, Former] = {}
    try:
        formers = find_formers(snapshot.workspace, files, snapshot.contents, head=snapshot.commit)
    except FailedError as error:
        gap = "a partial clone"
        if not repository.is_partial():
            gap, severity = f"a damaged repository ({error.message})", Severity.ERROR
    for file, former in sorted(formers.items()):
        written = counted(former.written, "value") if former.written else "no value"
        names = names_of(former.readers, policy)
        yield found(
            "former-reader",
            f"{names} can open it with an older version; {written} written since",
            file=file,
            severity=Severity.ERROR if former.written else None,
        )
    if gap is not None:
        message = f"{gap} does not show who could read a file"
        yield found("former-readers-unknown", message, file=None, severity=severity)
