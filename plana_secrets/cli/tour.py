"""The tour of ``demo``: real commands in a repository of their own, in a private folder in memory.

Every step runs the program as a user would, shows the command and what it printed, and
must end as foretold; one that does not stops the tour. Nothing outside the folder is
read or written, the identity lives in it, and the keyring is not asked.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plana_secrets.cli.context import Context
from plana_secrets.errors import FailedError
from plana_secrets.observability import Event
from plana_secrets.process import become_child, minimal_environment, run_program
from plana_secrets.secret import Secret
from plana_secrets.storage import make_folder, replace_file

MAIL: Final = "infra/secrets/prod/mail.yaml"
SHOP: Final = "infra/secrets/prod/shop.secret.yaml"
PORTAL: Final = "infra/secrets/prod/portal.secret.yaml"

SETTINGS: Final = f"""
[mirror]
backend = "local"

[keysets."shop/portal"]
kind = "api-key"
accepted = ["{SHOP}#stringData.API_KEYS_ACCEPTED"]
callers = ["{PORTAL}#stringData.API_KEY_SHOP"]
rollout = "0s"
drain = "0s"
grace = "0s"

[keysets."shop/jwt"]
kind = "jwt-hs256"
targets = ['{SHOP}#stringData["jwt.json"]']
rollout = "0s"
max_token_lifetime = "0s"
skew = "0s"
grace = "0s"
"""


@dataclass(frozen=True)
class Tour:
    """A tour in ``folder``, which must be empty and private."""

    context: Context
    folder: Path

    @property
    def repo(self) -> Path:
        return self.folder / "repo"

    def take(self) -> None:
        """Every stop in its order.

        Raises:
            FailedError: a command did not end as foretold (kind ``demo``).
        """
        self._set_up()
        self._edit()
        self._break()
        self._mirror()
        self._rotate()
        self._crash()

    def _set_up(self) -> None:
        self._say("a new repository: an identity, rules and settings")
        make_folder(self.repo)
        make_folder(self.folder / "home")
        self._git("init", "--quiet", "--initial-branch=main")
        identity = str(self.folder / "identity.txt")
        out = ("--identity-out", identity, "--recovery-out", f"{identity}.recovery")
        self._call("init", *out, "--quiet")

    def _edit(self) -> None:
        self._say("a secret file, and a value that was never an argument or on disk")
        self._call("new", MAIL)
        self._call("set", MAIL, "smtp.password", "--stdin", stdin=Secret(b"correct horse"))
        self._call("show", MAIL)
        self._commit("Add the mail password")
        self._call("verify")

    def _break(self) -> None:
        self._say("a value is added unencrypted, without sops; verify finds it")
        path = self.repo / MAIL
        intact = path.read_bytes()
        replace_file(path, b"token: in-plain\n" + intact)
        self._call("verify", expected=1)
        replace_file(path, intact)

    def _mirror(self) -> None:
        self._say("the mirror: one way, into an encrypted file that Bitwarden imports")
        settings = self.repo / "plana-secrets.toml"
        replace_file(settings, settings.read_bytes() + SETTINGS.encode())
        self._call("new", SHOP, "--kind", "secret", "--name", "shop")
        self._call("new", PORTAL, "--kind", "secret", "--name", "portal")
        self._commit("Describe the mirror and two keysets")
        self._call("mirror", "sync")
        self._call("verify", "--mirror")

    def _rotate(self) -> None:
        self._say("two keysets, an API key and a JWT secret, through all their states")
        self._call("rotate", "init", "shop/portal", "--fresh", "--commit")
        self._call("rotate", "init", "shop/jwt", "--fresh", "--commit")
        for move in ("publish", "promote", "retire", "destroy"):
            for name in ("shop/portal", "shop/jwt"):
                self._call("rotate", "run", name, move, "--commit")
        self._call("rotate", "list")

    def _crash(self) -> None:
        self._say("kill -9 in the middle of a move: the move is rolled back and can run again")
        argv = ["rotate", "run", "shop/jwt", "publish", "--commit"]
        self._show(argv)
        status = become_child(lambda: self._run_doomed(argv))
        self._expect(status, -signal.SIGKILL, argv)
        self.context.output.data("Killed")
        self._call("status")
        self._call("recover")
        self._call("status")
        self._call(*argv)
        self._call("mirror", "sync")
        self._call("verify", "--mirror")

    def _run_doomed(self, argv: Sequence[str]) -> None:
        """In a child: the command, with an observer that kills the process in the middle."""
        from plana_secrets.cli.main import program

        def kill(event: Event) -> None:
            if event.name == "file-replaced":
                os.kill(os.getpid(), signal.SIGKILL)

        os.environ.clear()
        os.environ.update(self._environment)
        context = Context(repo=self.repo)
        context.output.observe = kill  # type: ignore[method-assign]
        program.main(list(argv), standalone_mode=False, obj=context)

    # -- how a step is shown and run

    @property
    def _environment(self) -> dict[str, str]:
        home = str(self.folder / "home")
        author = {
            f"GIT_{role}_{what}": text
            for role in ("AUTHOR", "COMMITTER")
            for what, text in (("NAME", "Demo"), ("EMAIL", "demo@example.com"))
        }
        identity = {"SOPS_AGE_KEY_FILE": str(self.folder / "identity.txt")}
        return minimal_environment(HOME=home, GIT_CONFIG_NOSYSTEM="1", **author, **identity)

    def _call(self, *argv: str, expected: int = 0, stdin: Secret | None = None) -> None:
        self._show(argv)
        done = run_program(
            [sys.executable, "-I", "-m", "plana_secrets", *argv],
            environment=self._environment,
            stdin=b"" if stdin is None else stdin.reveal(),
            folder=self.repo,
        )
        text = (done.stdout + done.stderr).decode("utf-8", "replace")
        if text:
            self.context.output.data(text.replace(f"{self.folder}/", "").rstrip("\n"))
        self._expect(done.status, expected, argv)

    def _git(self, *argv: str) -> None:
        done = run_program(["git", *argv], environment=self._environment, folder=self.repo)
        self._expect(done.status, 0, ["git", *argv])

    def _commit(self, message: str) -> None:
        self._git("add", ".")
        self._git("commit", "--quiet", "--message", message)

    def _say(self, text: str) -> None:
        self.context.output.styled_data(f"\n# {text}", "bold")

    def _show(self, argv: Sequence[str]) -> None:
        line = shlex.join(["plana-secrets", *argv]).replace(f"{self.folder}/", "")
        self.context.output.styled_data(f"$ {line}", "green")

    def _expect(self, status: int, expected: int, argv: Sequence[str]) -> None:
        if status != expected:
            raise FailedError(
                f"the tour stopped: {' '.join(argv[:2])} exited with {status}, not {expected}",
                kind="demo",
            )


ADVICE: Final = {
    "demo": ("run `plana-secrets doctor`; if it finds no problem, please report this"),
}
