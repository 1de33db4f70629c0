"""Which files and items were compared and found to agree, so that they stay closed. Pure.

An entry is true forever: a file of this content, with this title and place, and these items,
each of this ciphertext, agreed under this context (see ``backend.Recall``). An old entry says
nothing wrong, it only fits nothing any more. That the entries are ours is what ``agreedfile``
proves. There are no values in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import msgspec

from plana_secrets.mirror.backend import Known, Listing, Recall
from plana_secrets.mirror.drift import MirrorPlan, Wanted
from plana_secrets.secret import Secret

KeyedDigest = Callable[[Secret], str]
"""A digest that tells nothing to anyone without the key."""


def no_key(_context: Secret) -> str:
    """Of one who has no key: nothing fits."""
    return ""


class Pair(msgspec.Struct, frozen=True, array_like=True):
    """A file and its items. ``mark``: the id of the file's content.

    ``items``: by id, digest and the commit in the record.
    """

    mark: str
    title: str
    collection: str | None
    items: dict[str, tuple[str, str | None]]

    def is_for(self, commit: str | None, *, restamp: bool) -> bool:
        """Whether a run at ``commit`` would leave the items alone.

        One that was written from the work tree is written again once a commit vouches for it.
        """
        commits = {one for _, one in self.items.values()}
        if restamp:
            return commits == {commit}
        return commit is None or None not in commits


class Stranger(msgspec.Struct, frozen=True, array_like=True):
    """An item that is not ours; see ``Known``."""

    digest: str
    repository: str | None = None
    commit: str | None = None


class Agreed(msgspec.Struct, frozen=True):
    """``context``: keyed digest of ``Listing.context``; ``files`` by name, ``strangers`` by id.

    ``stamp``: of the files, where all that are mirrored agreed; see ``Files``. ``answer``: keyed
    digest of ``Listing.answer``, where that has no other item than those of ``files`` and
    ``strangers``.
    """

    context: str = ""
    files: dict[str, Pair] = {}
    strangers: dict[str, Stranger] = {}
    stamp: str | None = None
    answer: str = ""

    def recall(self, files: Collection[str], keyed: KeyedDigest) -> Recall:
        """What a listing can leave closed if ``files`` have not changed."""
        items = {
            item_id: Known(one.digest, None, one.commit, one.repository)
            for item_id, one in self.strangers.items()
        }
        for file in files:
            for item_id, (digest, commit) in self.files[file].items.items():
                items[item_id] = Known(digest, file, commit)

        def is_kept(digest: str) -> Callable[[Secret], bool]:
            return lambda said: digest != "" and keyed(said) == digest

        is_all = is_kept(self.answer) if set(files) == self.files.keys() else None
        return Recall(items, is_kept(self.context), is_all=is_all)

    def after(self, pairs: Mapping[str, Pair], strangers: dict[str, Stranger]) -> Agreed:
        """With what a listing shows now; of another answer of the server than the one before."""
        files = {**self.files, **pairs}
        return msgspec.structs.replace(self, files=files, strangers=strangers, answer="")


class Files(Protocol):
    """What is asked of the files without opening them; see ``source.SourceReader``."""

    @property
    def commit(self) -> str | None: ...

    @property
    def stamp(self) -> str | None: ...

    def are(self, files: Collection[str]) -> bool: ...

    def mark_of(self, file: str) -> str | None: ...

    def place_of(self, file: str) -> tuple[str, str | None] | None: ...


def unchanged(agreed: Agreed, files: Files, *, restamp: bool) -> set[str]:
    """The files that are as they were when they agreed."""
    is_same = is_of(agreed, files)
    return {
        file
        for file, pair in agreed.files.items()
        if pair.is_for(files.commit, restamp=restamp) and (is_same or _is_as_in(pair, file, files))
    }


def is_of(agreed: Agreed, files: Files) -> bool:
    """Whether all that is mirrored of the files is as it was when it agreed."""
    return agreed.stamp is not None and agreed.stamp == files.stamp


def _is_as_in(pair: Pair, file: str, files: Files) -> bool:
    is_there = files.place_of(file) == (pair.title, pair.collection)
    return is_there and files.mark_of(file) == pair.mark


def doubted(agreed: Agreed, files: Collection[str], listing: Listing) -> tuple[set[str], set[str]]:
    """Those of ``files`` whose items are not exactly those that agreed.

    And those of them of which an item was left closed, so that it has to be listed again.
    """
    closed: dict[str, set[str]] = defaultdict(set)
    for item_id, known in listing.known.items():
        if known.file is not None:
            closed[known.file].add(item_id)
    opened = {item.record.file for item in listing.items if item.record is not None}
    found = {
        file for file in files if file in opened or closed[file] != agreed.files[file].items.keys()
    }
    return found, {file for file in found if closed[file]}


def agree(
    agreed: Agreed,
    files: Files,
    wanted: Wanted,
    listing: Listing,
    plan: MirrorPlan,
    keyed: KeyedDigest,
) -> Agreed | None:
    """What agrees now; None where the backend does not say enough to tell that later."""
    if listing.is_as_recalled:
        return msgspec.structs.replace(agreed, stamp=_stamp(agreed, files, agreed.files))
    if listing.context is None or listing.unseen:
        return None
    pairs = {file: agreed.files[file] for file in wanted.settled}
    pairs |= agreeing(files, wanted, listing, plan)
    strangers = strangers_of(listing)
    return Agreed(
        context=keyed(listing.context),
        files=pairs,
        strangers=strangers,
        stamp=_stamp(agreed, files, pairs),
        answer=_answer(listing, pairs, strangers, keyed),
    )


def _answer(
    listing: Listing,
    pairs: Mapping[str, Pair],
    strangers: Collection[str],
    keyed: KeyedDigest,
) -> str:
    """What represents all items, where they are these."""
    ours = {item_id for pair in pairs.values() for item_id in pair.items}
    if listing.answer is None or ours.union(strangers) != listing.digests.keys():
        return ""
    return keyed(listing.answer)


def _stamp(agreed: Agreed, files: Files, pairs: Collection[str]) -> str | None:
    """What represents all files, where they are these; what is known of that is not asked again."""
    if is_of(agreed, files):
        are_all = set(pairs) == agreed.files.keys()
    else:
        are_all = files.stamp is not None and files.are(pairs)
    return files.stamp if are_all else None


def agreeing(files: Files, wanted: Wanted, listing: Listing, plan: MirrorPlan) -> dict[str, Pair]:
    """Of the files and items that were opened those that agree by ``plan``."""
    items: dict[str, dict[str, tuple[str, str | None]]] = defaultdict(dict)
    for item in listing.items:
        if item.record is not None:
            known = listing.digests[item.id], item.record.commit
            items[item.record.file][item.id] = known
    troubled, pairs = _troubled(plan), dict[str, Pair]()
    for desired in wanted.items:
        mark = files.mark_of(desired.file)
        if desired.file not in troubled and desired.file in items and mark is not None:
            place = desired.title, desired.collection
            pairs[desired.file] = Pair(mark, *place, items[desired.file])
    return pairs


def _troubled(plan: MirrorPlan) -> set[str | None]:
    """Files about which anything is to be said or done; what is not said is only updated."""
    return {one.file for one in plan.drift} | {one.desired.file for one in plan.update}


def strangers_of(listing: Listing) -> dict[str, Stranger]:
    """The items that are not ours, opened or not."""
    found = dict[str, Stranger]()
    ours = {item.id for item in listing.items}
    others = {item.id: item.record for item in listing.others}
    for item_id, digest in listing.digests.items():
        known = listing.known.get(item_id)
        if known is not None and known.file is None:
            found[item_id] = Stranger(known.digest, known.repository, known.commit)
        elif known is None and item_id not in ours:
            record = others.get(item_id)
            facts = (record.repository, record.commit) if record is not None else ()
            found[item_id] = Stranger(digest, *facts)
    return found
