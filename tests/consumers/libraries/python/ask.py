"""What JWT libraries of Python do with tokens: a keyset file and tokens in, verdicts out (JSON)."""

import base64
import json
import sys
import warnings
from importlib.metadata import version

import jwt as pyjwt
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt

warnings.simplefilter("ignore")
from authlib.jose import JsonWebKey, JsonWebToken  # noqa: E402 - it warns that it moves to joserfc
from jose import jwt as python_jose  # noqa: E402

asked = json.load(sys.stdin)
keyset, tokens = asked["keyset"], asked["tokens"]
algorithms = ["HS256"]


def with_pyjwt(token):
    keys = pyjwt.PyJWKSet.from_dict(keyset)
    key = keys[pyjwt.get_unverified_header(token).get("kid")]
    pyjwt.decode(token, key, algorithms=algorithms, leeway=60)


def with_joserfc(token):
    keys = joserfc_jwk.KeySet.import_key_set(keyset)
    claims = joserfc_jwt.decode(token, keys, algorithms=algorithms).claims
    joserfc_jwt.JWTClaimsRegistry(leeway=60).validate(claims)


def with_joserfc_unvalidated(token):
    keys = joserfc_jwk.KeySet.import_key_set(keyset)
    joserfc_jwt.decode(token, keys, algorithms=algorithms)


def with_authlib(token):
    keys = JsonWebKey.import_key_set(keyset)
    JsonWebToken(algorithms).decode(token, keys).validate(leeway=60)


def with_authlib_unvalidated(token):
    JsonWebToken(algorithms).decode(token, JsonWebKey.import_key_set(keyset))


def with_python_jose(token):
    python_jose.decode(token, keyset, algorithms=algorithms, options={"leeway": 60})


def with_jwcrypto(token):
    keys = jwcrypto_jwk.JWKSet.from_json(json.dumps(keyset))
    jwcrypto_jwt.JWT(jwt=token, key=keys, algs=algorithms)


def verdict(verify, token):
    try:
        verify(token)
    except Exception as error:  # noqa: BLE001 - which one is the answer
        return type(error).__name__
    return "accepted"


def kid_of(token):
    header = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))).get("kid")


signing = joserfc_jwk.KeySet.import_key_set(keyset)
signed = [joserfc_jwt.encode({"alg": "HS256"}, {"sub": "x"}, signing) for _ in range(50)]
verifiers = {
    "PyJWT": with_pyjwt,
    "joserfc": with_joserfc,
    "joserfc, not validated": with_joserfc_unvalidated,
    "Authlib": with_authlib,
    "Authlib, not validated": with_authlib_unvalidated,
    "python-jose": with_python_jose,
    "jwcrypto": with_jwcrypto,
}
answers = {
    name: {word: verdict(verify, token) for word, token in tokens.items()}
    for name, verify in verifiers.items()
}
versions = {
    name: version(name) for name in ("PyJWT", "joserfc", "Authlib", "python-jose", "jwcrypto")
}
kids = sorted({kid_of(token) for token in signed})
print(json.dumps({"answers": answers, "versions": versions, "joserfc signs with": kids}))
