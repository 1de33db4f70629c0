"""Which files a run looks at, and as what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from plana_secrets.errors import FailedError
from plana_secrets.secretfiles.globs import glob_match
from plana_secrets.secretfiles.listing import is_under_roots
from plana_secrets.secretfiles.settings import FilesSettings
from plana_secrets.secretfiles.snapshot import Snapshot
from plana_secrets.sops.formats import Format, format_of, written_format
from plana_secrets.storage import is_temporary
from plana_secrets.verify.checks.strangers import AT_THE_TOP, is_of_git_or_sops, is_secret_candidate


@dataclass(frozen=True, slots=True)
class Selection:
    """``secret``: what has to be encrypted, or is denied; ``plain``: what may be readable.

    ``whole`` is False where only some files were asked for: then nothing is said about
    the repository as such. ``absent``: secret files that a sparse checkout leaves out.
    ``elsewhere``: files beside the roots that were asked for and need not be encrypted.
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
        return len(self.plain) + len(self.elsewhere)


def select_files(snapshot: Snapshot, chosen: Sequence[str] | None) -> Selection:
    """Every file under the roots that git tracks or would add, or the chosen ones.

    Nothing under the roots is passed over because of its name: what is neither a secret
    file nor listed as plain is denied; what a killed run left behind counts once it is
    tracked. A tracked file that is gone from the disk is a change under way, not a finding,
    unless the checkout is sparse. A chosen folder means the files in it.
    """
    settings = snapshot.settings
    listing = snapshot.listing
    known = {file for file in snapshot.entries if is_under_roots(settings, file)}
    known = {file for file in known if file in listing.staged or not _is_leftover(file)}
    staged = {file for file in listing.staged if is_under_roots(settings, file)}
    absent = {file for file in listing.absent if not is_readable(settings, file)}
    if chosen is None:
        return _parted(snapshot, known, whole=True, absent=absent, staged=staged)
    folders = {file for file in chosen if _is_folder(snapshot, file)}
    named = {file for file in chosen if file not in folders and snapshot.entry(file) is not None}
    return _parted(
        snapshot,
        {*named, *_below(known, folders)},
        whole=False,
        absent={*absent.intersection(chosen), *_below(absent, folders)},
        staged={*staged.intersection(chosen), *_below(staged, folders)},
    )


def _parted(
    snapshot: Snapshot,
    files: Collection[str],
    *,
    whole: bool,
    absent: Collection[str],
    staged: Collection[str],
) -> Selection:
    inside = {file for file in files if is_under_roots(snapshot.settings, file)}
    plain = {file for file in inside if is_readable(snapshot.settings, file)}
    elsewhere = {file for file in set(files) - inside if not _is_meant(snapshot, file)}
    return Selection(
        secret=tuple(sorted(set(files) - plain - elsewhere)),
        plain=tuple(sorted(plain)),
        whole=whole,
        absent=tuple(sorted(absent)),
        elsewhere=tuple(sorted(elsewhere)),
        staged=tuple(sorted(staged)),
    )


def is_readable(settings: FilesSettings, file: str) -> bool:
    """Whether a file under the roots may be readable."""
    return file in AT_THE_TOP or is_of_git_or_sops(file) or glob_match(settings.plain, file)


def _is_meant(snapshot: Snapshot, file: str) -> bool:
    """Whether a file beside the roots is a secret file: by its content, or by a rule for it."""
    if file in AT_THE_TOP or is_readable(snapshot.settings, file):
        return False
    if not is_secret_candidate(file):
        return False
    rule = snapshot.rule_for(file)
    if rule is not None and rule.path_regex:
        return True
    try:
        return written_format(snapshot.read(file)) is not None
    except FailedError:
        return format_of(file) is Format.YAML  # it may be a Secret, and was not read


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
