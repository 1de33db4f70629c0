"""``plana-secrets completion``: the script that a shell loads."""

from __future__ import annotations

import click

from plana_secrets.cli.context import Context, pass_context

EPILOG = """\b
Examples:
  plana-secrets completion bash > ~/.local/share/bash-completion/completions/plana-secrets
  plana-secrets completion zsh > "${fpath[1]}/_plana-secrets"
  plana-secrets completion fish > ~/.config/fish/completions/plana-secrets.fish
"""


@click.command(epilog=EPILOG, short_help="Print a shell completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@pass_context
def completion(context: Context, shell: str) -> None:
    """Print the completion script of SHELL: bash, zsh or fish.

    Completion offers commands, secret files and the paths in them; it decrypts nothing
    and asks neither the keyring nor the network.
    """
    from click.shell_completion import get_completion_class

    from plana_secrets.cli.main import program

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion script for {shell}")
    script = found(program, {}, "plana-secrets", "_PLANA_SECRETS_COMPLETE").source()
    context.output.data(script)
