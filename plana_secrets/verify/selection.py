"""Which files a run looks at, and as what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from plana_secrets.secretfiles.discovery import SOPS_MARK
from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.storage import is_temporary
from plana_secrets.verify.beside import look_beside
from plana_secrets.verify.builds import FLUX_MARKS
from plana_secrets.verify.checks.identities import IDENTITY_MARKS, MARK
from plana_secrets.verify.checks.leaks import MARKS
from plana_secrets.verify.checks.strangers import AT_THE_TOP, is_of_git_or_sops


@dataclass(frozen=True, slots=True)
class Selection:
    """``secret``: what has to be encrypted, or is denied; ``plain``: what may be readable.

    ``whole`` is False where only some files were asked for: then nothing is said about
    the repository as such. ``absent``: secret files that a sparse checkout leaves out.
    ``elsewhere``: files beside the roots that need not be encrypted: all of a whole run.
    ``staged``: files of which the index may have another content than the work tree.
    """

    secret: tuple[str, ...]
    plain: tuple[str, ...]
    whole: bool
    absent: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    staged: tuple[str, ...] = ()

    @property
    def readable(self) -> int:
        """How many readable files are looked at."""
        return len(self.plain) + (0 if self.whole else len(self.elsewhere))


def select_files(snapshot: Snapshot, chosen: Sequence[str] | None) -> Selection:
    """Every file under the roots that git tracks or would add, or the chosen ones.

    Nothing under the roots is passed over because of its name: what is neither a secret
    file nor listed as plain is denied; what a killed run left behind counts once it is
    tracked. A tracked file that is gone from the disk is a change under way, not a finding,
    unless the checkout is sparse. A chosen folder means the files in it.
    """
    settings = snapshot.settings
    if chosen is None:
        texts = (SOPS_MARK, *MARKS, *IDENTITY_MARKS, *FLUX_MARKS)
        snapshot.search(texts, wide=(MARK, *MARKS))
    listing = snapshot.listing
    staged = {file for file in listing.staged if file in snapshot.inside}
    staged.update(file for file in snapshot.scattered if file in listing.staged)
    known = {
        file
        for file in snapshot.inside & listing.entries.keys()
        if file in staged or not _is_leftover(file)
    }
    absent = {
        file
        for file in listing.absent
        if is_under_roots(settings, file) and not is_readable(settings, file)
    }
    if chosen is None:
        return _parted(snapshot, known, None, absent=absent, staged=staged)
    folders = {file for file in chosen if _is_folder(snapshot, file)}
    named = {file for file in chosen if file not in folders and snapshot.entry(file) is not None}
    return _parted(
        snapshot,
        {*named, *_below(known, folders)},
        {*named, *_below(snapshot.entries, folders)},
        absent={*absent.intersection(chosen), *_below(absent, folders)},
        staged={*staged.intersection(chosen), *_below(staged, folders)},
    )


def _parted(
    snapshot: Snapshot,
    files: Collection[str],
    chosen: Collection[str] | None,
    *,
    absent: Collection[str],
    staged: Collection[str],
) -> Selection:
    inside = {file for file in files if chosen is None or is_under_roots(snapshot.settings, file)}
    plain = {file for file in inside if is_readable(snapshot.settings, file)}
    beside = look_beside(snapshot, chosen)
    return Selection(
        secret=tuple(sorted((inside - plain) | beside.secret)),
        plain=tuple(sorted(plain)),
        whole=chosen is None,
        absent=tuple(sorted(absent)),
        elsewhere=beside.others,
        staged=tuple(sorted(staged)),
    )


def is_readable(settings: FilesSettings, file: str) -> bool:
    """Whether a file under the roots may be readable."""
    return file in AT_THE_TOP or is_of_git_or_sops(file) or glob_match(settings.plain, file)


def _is_folder(snapshot: Snapshot, file: str) -> bool:
    if file in snapshot.entries:
        return False
    entry = snapshot.entry(file)
    return entry.is_folder if entry else any(_below(snapshot.entries, {file}))


def _below(files: Collection[str], folders: Collection[str]) -> Iterator[str]:
    places = tuple(f"{folder}/" for folder in folders)
    return (file for file in files if file.startswith(places))


def _is_leftover(file: str) -> bool:
    return is_temporary(file.rpartition("/")[2])
