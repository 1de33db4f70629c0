"""``python -I -m plana_secrets``: the same as the console script."""

from plana_secrets.cli.main import main

if __name__ == "__main__":
    main()
