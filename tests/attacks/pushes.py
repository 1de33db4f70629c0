"""What a push brings beside the files of a branch: tags, names of refs, notes, stashes."""

from __future__ import annotations

from collections.abc import Callable

from tests.attacks.changes import swap
from tests.attacks.ground import (
    NEW,
    OPEN_MANIFEST,
    PLAIN,
    SETTINGS,
    Ground,
)
from tests.attacks.history import ranged
from tests.attacks.variant import Look, Variant

WARNING = "warning"
Build = Callable[[Ground], object]
KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQ" * 10 + "\n-----END PRIVATE KEY-----\n"


def pushed(
    name: str, check: str, build: Build, source: str = "A35", file: str = PLAIN,
    severity: str = "error",
) -> Variant:  # fmt: skip
    return Variant(name, source, Look.PUSH, check, build, file, severity)


def _tagged(message: Callable[[Ground], str], *more: str, of: str = "HEAD") -> Build:
    def build(ground: Ground) -> None:
        ground.world.git("tag", "-a", "-m", message(ground), *more, "v1", of)
        ground.push("refs/tags/v1", "v1")

    return build


def _tag_of_a_tag(ground: Ground) -> None:
    _tagged(lambda ground: f"{ground.world.identity}")(ground)
    ground.world.git("tag", "-a", "-m", "x", "v2", "v1")
    ground.updates.clear()
    ground.push("refs/tags/v2", "v2")


def _tag_in_the_clone(ground: Ground) -> None:
    ground.world.git("commit", "-q", "--allow-empty", "-m", "x")
    _tagged(lambda ground: f"{ground.world.identity}")(ground)


def _as_author(ground: Ground) -> None:
    who = f"{ground.world.identity} <x@example.com>"
    ground.world.git("commit", "-q", "--allow-empty", "-m", "x", f"--author={who}")


def _merged_tag(ground: Ground) -> None:
    """git keeps a signed tag that was merged in the header of the merge."""
    git = ground.world.git
    tree = git("rev-parse", "HEAD^{tree}").strip()
    parent = git("rev-parse", "HEAD").strip()
    who = "x <x@example.com> 1700000000 +0000"
    tag = f"object {parent}\n type commit\n tag v1\n tagger {who}\n \n {ground.world.identity}"
    text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\nmergetag {tag}\n\nx\n"
    ground.path("commit").write_bytes(text.encode())
    commit = git("hash-object", "-t", "commit", "-w", "commit").strip()
    ground.path("commit").unlink()
    git("reset", "-q", "--hard", commit)


def _notes(content: Callable[[Ground], str], ref: str = "commits") -> Build:
    def build(ground: Ground) -> None:
        ground.write("note", content(ground))
        ground.world.git("notes", f"--ref={ref}", "add", "-F", "note")
        ground.remove("note")
        ground.push(f"refs/notes/{ref}", f"refs/notes/{ref}")

    return build


def _stashed(file: str, content: str, *more: str) -> Build:
    def build(ground: Ground) -> None:
        ground.write(file, content)
        if not more:
            ground.world.git("add", "-f", file)
        ground.world.git("stash", "push", "-q", *more)
        ground.push("refs/heads/side", "refs/stash")

    return build


def _side(file: str, content: str) -> Build:
    def build(ground: Ground) -> None:
        ground.write(file, content)
        ground.commit()
        ground.push("refs/heads/side")

    return build


def _named_ref(ground: Ground) -> None:
    ground.push(f"refs/heads/key-{ground.world.identity}")


def _release_first(ground: Ground) -> None:
    ground.start_from(SETTINGS, f'[git]\nbranch = "release"\n{ground.read(SETTINGS)}')


def _removed_release(ground: Ground) -> None:
    _release_first(ground)
    ground.push("refs/heads/release", None, "base")


def _release_at_an_old_commit(ground: Ground) -> None:
    _release_first(ground)
    ground.push("refs/heads/release", "start~3")


def _main_at_an_old_commit(ground: Ground) -> None:
    ground.push("refs/heads/main", "start~3", "base")


def _at_the_base(text: str) -> str:
    return text.replace("[mirror]\n", '[git]\nbranch = "main"\n\n[mirror]\n', 1)


def _another_branch(ground: Ground) -> None:
    ground.start_from(SETTINGS, _at_the_base(ground.read(SETTINGS)))
    ground.change(SETTINGS, swap('branch = "main"', 'branch = "side"'))


def _another_remote(ground: Ground) -> None:
    ground.change(SETTINGS, lambda text: f'[git]\nremote = "mine"\n{text}')


SAID = [
    pushed("an identity in the message of a tag", "private-identity", _tagged(lambda ground: f"x\n\n{ground.world.identity}")),
    pushed("an identity in the message of a tag of an old commit", "private-identity", _tagged(lambda ground: f"{ground.world.identity}", of="start~1")),
    pushed("an identity in a tag of a tag", "private-identity", _tag_of_a_tag),
    pushed("an identity in the name of a branch", "private-identity", _named_ref),
    pushed("an identity in the name of a tag", "private-identity", lambda ground: ground.push(f"refs/tags/{ground.world.identity}")),
    pushed("a private key in the message of a tag", "plaintext-key", _tagged(lambda _: f"x\n\n{KEY}"), severity=WARNING),
    pushed("an identity in a note", "private-identity", _notes(lambda ground: f"{ground.world.identity}")),
    pushed("a private key in a note", "plaintext-key", _notes(lambda _: KEY), severity=WARNING),
    pushed("what git decrypted for a diff", "textconv-notes", _notes(lambda _: "password: hunter2\n", "textconv/sops")),
    pushed("an open Secret in a stash", "plaintext-secret", _stashed("apps/x.yaml", OPEN_MANIFEST)),
    pushed("plaintext in a stash", "not-sops", _stashed(NEW, "password: hunter2\n")),
    pushed("plaintext of no commit in a stash", "plaintext-in-commit", _stashed(NEW, "password: hunter2\n", "--include-untracked")),
    pushed("plaintext on a branch of one's own", "not-sops", _side(NEW, "password: hunter2\n"), "A34", NEW),
    ranged("A35", "an identity as the author of a commit", "private-identity", _as_author),
    ranged("A35", "an identity in a tag that was merged", "private-identity", _merged_tag),
    ranged("A35", "an identity in a tag of the range", "private-identity", _tag_in_the_clone),
]  # fmt: skip
DEPLOYED = [
    pushed("the deployed branch removed", "deployed-branch", _removed_release, "A16"),
    pushed("the deployed branch created again at an old commit", "rolled-back", _release_at_an_old_commit, "A16"),
    pushed("the default branch at an old commit", "rolled-back", _main_at_an_old_commit, "A16"),
    ranged("A23", "another branch is deployed", "policy-weakened", _another_branch, SETTINGS),
    ranged("A23", "another remote is deployed", "policy-weakened", _another_remote, SETTINGS),
]  # fmt: skip

ROWS = [*SAID, *DEPLOYED]
