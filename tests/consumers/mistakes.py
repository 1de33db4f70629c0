"""What developers get wrong: a change to a consumer, and the word for what the load reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.consumers.projects import Change


@dataclass(frozen=True)
class Mistake:
    """``reported``: a problem that the load counts begins so."""

    name: str
    language: str
    reported: str
    changes: tuple[Change, ...] = ()
    sub_path: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


def _python(name: str, reported: str, *changes: tuple[str, str], file: str = "keyset.py"):
    made = tuple((file, old, new) for old, new in changes)
    return Mistake(f"python, {name}", "python", reported, made)


def _node(name: str, reported: str, *changes: tuple[str, str], file: str = "keyset.js"):
    made = tuple((file, old, new) for old, new in changes)
    return Mistake(f"node, {name}", "node", reported, made)


_SUB_PATH = tuple(
    Mistake(f"{one}, subPath", one, "refused", sub_path=True) for one in ("python", "node")
)
_LIFETIME = tuple(
    Mistake(
        f"{one}, tokens that live longer than max_token_lifetime",
        one,
        "refused",
        settings={"ACCESS_SECONDS": "60"},
    )
    for one in ("python", "node")
)

_PYTHON = (
    _python(
        "the file is read at the start",
        "refused",
        ("content = self._path.read_bytes()\n            if", "content = self._current[0]\n            if"),
    ),
    _python(
        "the file itself is watched, not what it resolves to",
        "refused",
        (
            "content = self._path.read_bytes()\n            if",
            "now = self._path.lstat().st_mtime\n            self._seen = getattr(self, '_seen', now)\n            content = self._path.read_bytes() if now != self._seen else self._current[0]\n            if",
        ),
    ),
    _python(
        "an unknown kid is a KeyError",
        "unknown kid: 500",
        ("return self.keys.get(kid)", "return self.keys[kid]"),
    ),
    _python(
        "an unknown kid means the active key",
        "unknown kid: 200",
        ("return self.keys.get(kid)", "return self.keys.get(kid, self.active)"),
    ),
    _python(
        "the kid is that of the start",
        "login refused",
        ('headers={"kid": active.key_id}', 'headers={"kid": self.kid}'),
        ("        self.use, self.lifetime", "        self.kid = self._keyset.read().active.key_id\n        self.use, self.lifetime"),
    ),
    _python("no kid in the header", "login refused", ('headers={"kid": active.key_id}', "headers={}")),
    _python("no leeway", "leeway: 401", ("leeway=self.skew", "leeway=0")),
    _python(
        "legacy.until is ignored",
        "kidless after its end: 200",
        (" if time.time() < self.legacy_until else None", ""),
    ),
    _python(
        "verified tokens are cached",
        "retired key, token seen before: 200",
        ("    def verify(self", "    @functools.cache\n    def verify(self"),
        ("import hashlib", "import functools\nimport hashlib"),
    ),
    _python(
        "the use of a token is not checked, and both uses share a keyset",
        "other use: 200",
        ('"jwt-refresh.json"', '"jwt-access.json"'),
        ('use="refresh"', 'use="access"'),
        file="app.py",
    ),
    _python("scripts may read the cookie", "cookie", ("httponly=True", "httponly=False"), file="app.py"),
    _python("the cookie is sent in clear", "cookie", ("secure=True", "secure=False"), file="app.py"),
    _python(
        "the own API key is read at the start",
        "own API key refused",
        ("\napp = FastAPI()", "OWN = own_key.read()\napp = FastAPI()"),
        ("own_key.read()}", "OWN}"),
        file="app.py",
    ),
    _python(
        "the accepted API keys are read at the start",
        "API key refused",
        ("self._digests.read()", "self._first"),
        ("        self._digests = Mounted", "        self._first = self._parse(file.read_bytes())\n        self._digests = Mounted"),
    ),
    _python("lifetime in minutes", "lifetime", ('"exp": now + self.lifetime', '"exp": now + 60 * self.lifetime')),
)  # fmt: skip

_NODE = (
    _node("the file is read at the start", "refused", ("const current = readFileSync(path)", "const current = content")),
    _node(
        "an unknown kid is an error without a status",
        "unknown kid: 500",
        ("if (!key) throw unauthorized('no such kid')", "if (!key) throw new Error('no such kid')"),
        ("throw unauthorized(error.message) //", "throw error //"),
    ),
    _node(
        "an unknown kid means the active key",
        "unknown kid: 200",
        ("return byKid.get(kid)", "return byKid.get(kid) ?? byKid.get(active)"),
    ),
    _node(
        "the kid is that of the registration",
        "login refused",
        ("kid: active, key: find(active) }", "kid: first, key: find(active) }"),
        ("  await app.register(fastifyJwt, {", "  const first = keyset().active\n  await app.register(fastifyJwt, {"),
    ),
    _node(
        "one secret function for both directions",
        "login: 500",
        ("      private: async () => keyset().find(keyset().active),\n", "      private: async (_request, token) => keyset().find(token.header?.kid),\n"),
        ("kid: active, key: find(active) }", "kid: active }"),
    ),
    _node("no decode.complete", "login refused", ("    decode: { complete: true },\n", "")),
    _node("no clockTolerance", "leeway: 401", ("      clockTolerance: skew * 1000,\n", "")),
    _node("clockTolerance in seconds", "leeway: 401", ("skew * 1000", "skew")),
    _node("legacy.until is ignored", "kidless after its end: 200", (" && Date.now() < until", "")),
    _node(
        "verified tokens are cached",
        "retired key, token seen before: 200",
        ("      try {\n        await request", "      const token = request.headers.authorization\n      request.user = seen.get(token)\n      if (request.user) return\n      try {\n        await request"),
        ("JwtVerify`]()\n", "JwtVerify`]()\n        if (token) seen.set(token, request.user)\n"),
        ("  await app.register(fastifyJwt, {", "  const seen = new Map()\n  await app.register(fastifyJwt, {"),
    ),
    _node(
        "the use of a token is not checked, and both uses share a keyset",
        "other use: 200",
        ("payload.use === use ||", "payload.use ||"),
        ("mountedFile(file, parseKeyset)", "mountedFile(file.replace('refresh', 'access'), parseKeyset)"),
    ),
    _node("expiresIn in milliseconds", "lifetime", ("expiresIn: lifetime,", "expiresIn: lifetime * 1000,")),
    _node("expiresIn as text without a unit", "lifetime", ("expiresIn: lifetime,", "expiresIn: String(lifetime),")),
    _node("scripts may read the cookie", "cookie", ("httpOnly: true", "httpOnly: false"), file="app.js"),
    _node("other sites may send the cookie", "cookie", ("sameSite: 'strict'", "sameSite: 'none'"), file="app.js"),
    _node(
        "the own API key is read at the start",
        "own API key refused",
        ("mountedFile(join(KEYS, 'api-key'), String)", "(() => { const own = mountedFile(join(KEYS, 'api-key'), String)(); return () => own })()"),
        file="app.js",
    ),
)  # fmt: skip

MISTAKES = (*_PYTHON, *_NODE, *_SUB_PATH, *_LIFETIME)
