"""What a leaver could read, found the hard way: every blob of the history, with their own key.

Nothing here knows the code under test: age by pyrage, the formats by PyYAML, AES-GCM by hand.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence

import pyrage
import yaml
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.world import World

Place = tuple[str, str | None]

_ARMOR = re.compile(
    r"-----BEGIN AGE ENCRYPTED FILE-----.*?-----END AGE ENCRYPTED FILE-----", re.DOTALL
)
_TOKEN = re.compile(r"ENC\[AES256_GCM,data:([^,]*),iv:([^,]*),tag:([^,]*),type:(\w+)\]")


def blobs_of(world: World) -> set[tuple[str, str]]:
    """Blob and name of every file of every commit, of all stashes, too."""
    found = set()
    stashes = world.git("stash", "list", "--format=%H").split()
    for commit in world.git("rev-list", "--all", "HEAD", *stashes).split():
        for line in world.git("ls-tree", "-r", "-z", commit).split("\0"):
            if line.startswith("100"):
                facts, _, name = line.partition("\t")
                found.add((facts.split(" ")[2], name))
    return found


def values_in(content: str, data_keys: Iterable[bytes]) -> dict[str, bytes]:
    """Path -> value of everything in one content that one of these opens."""
    if "ENC[" not in content:
        return {}
    whole = _parsed(content)
    if isinstance(whole, dict):
        leaves = [
            one for key, value in whole.items() if key != "sops" for one in _walk(value, (key,))
        ]
    else:  # dotenv
        lines = [one.partition("=") for one in content.splitlines() if not one.startswith("sops_")]
        leaves = [((key,), value) for key, _, value in lines]
    opened = ((path, _open(key, path, text)) for path, text in leaves for key in data_keys)
    return {_spelled(path): value for path, value in opened if value is not None}


def _parsed(content: str) -> object:
    for parse, error in ((json.loads, ValueError), (yaml.safe_load, yaml.YAMLError)):
        with contextlib.suppress(error):
            return parse(content)
    return None


def data_keys_in(content: str, keys: Sequence[object]) -> Iterator[bytes]:
    """The data keys in one content that one of ``keys`` opens."""
    for armor in _ARMOR.findall(content):
        lines = [one.strip() for one in armor.replace("\\n", "\n").splitlines()]
        for key in keys:
            with contextlib.suppress(pyrage.DecryptError):
                yield pyrage.decrypt(base64.b64decode("".join(lines[1:-1])), [key])


def _walk(
    node: object, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], object]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(value, (*path, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _walk(value, (*path, place))
    else:
        yield path, node


def _open(key: bytes, path: tuple[str | int, ...], text: object) -> bytes | None:
    match = _TOKEN.fullmatch(str(text))
    if match is None:
        return None
    data, iv, tag = (base64.b64decode(one) for one in match.groups()[:3])
    place = "".join(f"{one}:" for one in path if isinstance(one, str))
    try:
        return AESGCM(key).decrypt(iv, data + tag, place.encode())
    except InvalidTag:
        return None


def _spelled(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path).removeprefix(
        "."
    )


def reference(world: World, keys: Sequence[object]) -> dict[Place, set[bytes]]:
    """Place -> every value that was readable there. A data key that one of ``keys`` opens once
    opens every content that has it."""
    contents = {
        place: world.command("git", "cat-file", "blob", place[0], check=False).stdout
        for place in blobs_of(world)
    }
    data_keys = {one for text in contents.values() for one in data_keys_in(text, keys)}
    found: dict[Place, set[bytes]] = {}
    for (_, name), content in contents.items():
        for path, value in values_in(content, data_keys).items():
            # what is in a binary file has no path
            place = (name, None if name.endswith(".enc") else path)
            found.setdefault(place, set()).add(value)
    return found
