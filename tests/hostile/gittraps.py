"""Traps for git, and by git for us: repositories in folders, settings, links, hooks."""

from __future__ import annotations

import hashlib
import json
import shutil

from tests.hostile.clone import KEYSET, PLAIN, Clone
from tests.hostile.traps import Outcome, Where, trap

HOOKS = (
    "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "pre-push",
    "reference-transaction", "post-index-change", "pre-auto-gc", "fsmonitor-watchman",
    "pre-receive", "post-rewrite",
)  # fmt: skip

PROGRAMS = """\
[core]
	sshCommand = {program}
	fsmonitor = {program}
	pager = {program}
	editor = {program}
	askPass = {program}
	gitProxy = {program}
	alternateRefsCommand = {program}
	untrackedCache = true
[extensions]
	partialClone = origin
[remote "origin"]
	url = ssh://host.example.test/x
	promisor = true
	fetch = +refs/heads/*:refs/remotes/origin/*
	uploadpack = {program}
	receivepack = {program}
[remote "helper"]
	url = ext::{program}
	vcs = ext
[protocol]
	allow = always
[protocol "ext"]
	allow = always
[diff]
	external = {program}
[diff "evil"]
	textconv = {program}
	command = {program}
[filter "evil"]
	clean = {program}
	smudge = {program}
	process = {program}
	required = true
[merge "evil"]
	driver = {program}
[gpg]
	program = {program}
[gpg "ssh"]
	program = {program}
	defaultKeyCommand = {program}
[commit]
	gpgSign = true
[log]
	showSignature = true
[credential]
	helper = !{program}
[alias]
	rev-parse = !{program}
	ls-files = !{program}
	ls = !{program}
[pager]
	log = {program}
	grep = {program}
	ls-files = {program}
[uploadpack]
	packObjectsHook = {program}
[include]
	path = ../included
"""


def embed(clone: Clone, folder: str, config: str, *, tree: bool = False) -> None:
    """Make a folder of the checkout one that git takes for a bare repository.

    ``tree``: with a work tree of its own in ``wt``, in which everything is right.
    """
    place, git_dir = clone.repo / folder, clone.repo / ".git"
    place.mkdir(exist_ok=True)
    shutil.copytree(git_dir / "objects", place / "objects")
    for name in ("HEAD", "index", "packed-refs"):
        shutil.copy(git_dir / name, place / name)
    clone.write(f"{folder}/refs/heads/keep", "")
    clone.write(f"{folder}/config", config)
    if tree:  # from HEAD, in which no trap is yet
        archive = clone.world.folder / "head.tar"
        clone.world.git("archive", "--output", str(archive), "HEAD")
        shutil.unpack_archive(archive, place / "wt", filter="data")


def head_of(bare: str) -> str:
    return f"[core]\n\trepositoryformatversion = 1\n\tbare = {bare}\n"


@trap(Where.COMMIT, Outcome.FINDING, says="docs/wt", folders=("docs", "docs/wt", "docs/wt/infra"))
def bare_repository_with_programs(clone: Clone) -> None:
    config = head_of("false\n\tworktree = wt")
    embed(clone, "docs", config + PROGRAMS.format(program=clone.program), tree=True)


@trap(Where.COMMIT, Outcome.NOTHING, folders=("hooked",))
def bare_repository_with_hooks(clone: Clone) -> None:
    embed(clone, "hooked", head_of("false\n\tworktree = ..\n\thooksPath = hooks"))
    for name in HOOKS:
        clone.place_program(f"hooked/hooks/{name}")


@trap(Where.COMMIT, Outcome.NOTHING, folders=("infra",))
def bare_repository_above_the_roots(clone: Clone) -> None:
    embed(clone, "infra", head_of("true") + PROGRAMS.format(program=clone.program))


@trap(Where.COMMIT, Outcome.FINDING, says="ops/wt", folders=("ops", "ops/wt"))
def bare_repository_with_a_journal(clone: Clone) -> None:
    embed(clone, "ops", head_of("false\n\tworktree = wt"), tree=True)
    write_journal(clone, "ops/plana-secrets", "ops/wt", "../../../outside/victim.yaml")


@trap(Where.COMMIT, Outcome.NOTHING, folders=("lib",))
def bare_repository_with_alternates(clone: Clone) -> None:
    embed(clone, "lib", head_of("true"))
    clone.write("lib/objects/info/alternates", f"{clone.outside}/objects\n")


@trap(Where.DISK, Outcome.NOTHING, folders=("vendor/file", "vendor/link"))
def git_file_that_leads_into_the_checkout(clone: Clone) -> None:
    """Git tracks no ``.git``; what it leads to is in a commit."""
    embed(clone, "vendored", head_of("false") + PROGRAMS.format(program=clone.program))
    clone.world.git("add", "-f", "vendored")
    clone.world.git("commit", "-q", "-m", "vendored")
    clone.write("vendor/file/.git", "gitdir: ../../vendored\n")
    clone.link("vendor/link/.git", "../../vendored")


@trap(Where.COMMIT, Outcome.FINDING, says="git-attributes")
def attributes_with_filters(clone: Clone) -> None:
    clone.write(".gitattributes", "* filter=evil diff=evil merge=evil ident\n*.yaml export-subst\n")
    clone.write(
        ".gitmodules",
        f'[submodule "x"]\n\tpath = docs\n\turl = ext::{clone.program}\n\tupdate = !{clone.program}\n',
    )


def git_quietly(clone: Clone, *argv: str, stdin: str = "") -> str:
    """git without what earlier traps configured, with an index beside the clone's."""
    return clone.world.command(
        "git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", *argv,
        stdin=stdin.encode(), env={"GIT_INDEX_FILE": str(clone.world.folder / "index")},
    ).stdout.strip()  # fmt: skip


@trap(Where.GIT, Outcome.FINDING, says="git-attributes")
def settings_with_programs(clone: Clone) -> None:
    """Every program that git knows to start, and a signed commit for it to check."""
    git_dir = clone.repo / ".git"
    headers, _, message = git_quietly(clone, "cat-file", "commit", "HEAD").partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----"
    text = f"{headers}\n{signature}\n\n{message}\n"
    signed = git_quietly(clone, "hash-object", "-t", "commit", "-w", "--stdin", stdin=text)
    git_quietly(clone, "update-ref", "refs/heads/main", signed)
    program = str(clone.program)
    (git_dir / "config").write_text(head_of("false") + PROGRAMS.format(program=program))
    clone.write("included", f"[core]\n\tfsmonitor = {program}\n\thooksPath = hooked/hooks\n")
    for name in HOOKS:
        shutil.copy(clone.program, git_dir / "hooks" / name)
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info/attributes").write_text("* filter=evil diff=evil\n")


@trap(Where.GIT, Outcome.NOTHING, says="a partial clone does not show")
def object_that_is_missing(clone: Clone) -> None:
    """An earlier version of a keyset file that a partial clone would fetch by a program."""
    config = head_of("false") + PROGRAMS.format(program=clone.program)
    (clone.repo / ".git/config").write_text(config)
    earlier = f"{(clone.repo / KEYSET).read_text()}# earlier\n"
    blob = git_quietly(clone, "hash-object", "-w", "--stdin", "--no-filters", stdin=earlier)
    git_quietly(clone, "read-tree", "HEAD")
    git_quietly(clone, "update-index", "--cacheinfo", f"100644,{blob},{KEYSET}")
    tree = git_quietly(clone, "write-tree")
    commit = git_quietly(
        clone, "commit-tree", "--no-gpg-sign", tree, "-p", "HEAD", "-m", "an earlier version"
    )
    same = git_quietly(clone, "rev-parse", "HEAD^{tree}")
    commit = git_quietly(clone, "commit-tree", "--no-gpg-sign", same, "-p", commit, "-m", "back")
    git_quietly(clone, "update-ref", "refs/heads/main", commit)
    (clone.repo / ".git/objects" / blob[:2] / blob[2:]).unlink()


def write_journal(clone: Clone, folder: str, root: str, victim: str) -> None:
    """Records with correct checksums that would replace a file outside."""

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    intent = {
        "operation": "set", "root": str(clone.repo / root), "base": None, "branch": None,
        "commit": False, "push": None, "message": "",
        "files": [{"file": victim, "old": digest("password: precious\n"), "new": digest(PLAIN)}],
    }  # fmt: skip
    lines = [json.dumps(one, sort_keys=True) for one in ({"begin": intent}, {"stage": "REPLACING"})]
    text = "".join(f"{digest(line)[:16]} {line}\n" for line in lines)
    clone.write(f"{folder}/journal/records", text)
    clone.write(f"{folder}/journal/new-0", PLAIN)


@trap(Where.GIT, Outcome.REFUSED, says="journal", stops=True)
def journal_with_a_file_outside(clone: Clone) -> None:
    write_journal(clone, ".git/plana-secrets", "", "../outside/victim.yaml")


@trap(Where.GIT, Outcome.REFUSED, says="journal", stops=True)
def journal_of_brackets(clone: Clone) -> None:
    text = "[" * 20_000
    checksum = hashlib.sha256(text.encode()).hexdigest()[:16]
    clone.write(".git/plana-secrets/journal/records", f"{checksum} {text}\n")


@trap(Where.DISK, Outcome.NOTHING)
def variables_of_a_hook(clone: Clone) -> None:
    """As git sets them for a hook, each of them leading elsewhere."""
    docs, program = clone.repo / "docs", str(clone.program)
    clone.environment |= {
        "GIT_DIR": str(docs), "GIT_WORK_TREE": str(clone.outside), "GIT_PREFIX": "infra/",
        "GIT_INDEX_FILE": str(clone.outside / "index"), "GIT_COMMON_DIR": str(docs),
        "GIT_OBJECT_DIRECTORY": str(docs / "objects"), "GIT_EXEC_PATH": str(clone.repo),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(docs / "objects"), "GIT_NAMESPACE": "x",
        "GIT_QUARANTINE_PATH": str(docs / "objects"), "GIT_TEMPLATE_DIR": str(clone.repo / "hooked"),
        "GIT_EXTERNAL_DIFF": program, "GIT_PAGER": program, "PAGER": program,
        "GIT_EDITOR": program, "GIT_SEQUENCE_EDITOR": program, "GIT_PROXY_COMMAND": program,
        "GIT_TRACE": str(clone.outside / "trace"), "GIT_TRACE2": str(clone.outside / "trace2"),
        "GIT_REDIRECT_STDERR": str(clone.outside / "stderr"),
    }  # fmt: skip
