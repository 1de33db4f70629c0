"""The world of the tests of secret files serves here, too."""

from tests.secretfiles.conftest import files_world

__all__ = ["files_world"]
