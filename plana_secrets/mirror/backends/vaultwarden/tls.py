"""TLS: which certificates are believed, and what is wrong with one that is not."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from plana_secrets.errors import FailedError, UnavailableError


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, or those of the file.

    Raises:
        FailedError: it holds no certificate (kind ``bad-ca-file``).
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise FailedError(
            f"not a certificate file: {ca_file}", kind="bad-ca-file", file=str(ca_file)
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


_VERIFICATION: Final = {
    9: ("tls-expired", "the server's certificate is not valid yet"),
    10: ("tls-expired", "the server's certificate has expired"),
    18: ("tls-issuer", "the server's certificate is signed by itself"),
    19: ("tls-issuer", "the server's certificate is from an unknown issuer"),
    20: ("tls-issuer", "the server's certificate is from an unknown issuer"),
    21: ("tls-issuer", "the server's certificate is from an unknown issuer"),
    62: ("tls-name", "the server's certificate is for another name"),
    64: ("tls-name", "the server's certificate is for another address"),
}
"""By the codes of X509_V_ERR in OpenSSL."""

_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH")


def tls_error(error: Exception, *, task: str) -> UnavailableError:
    """What is wrong with the connection, in our words; none of the library's is repeated."""
    kind, what = _describe(error)
    return UnavailableError(f"{what}: cannot {task}", kind=kind, retry=False)


def _describe(error: Exception) -> tuple[str, str]:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            known = _VERIFICATION.get(cause.verify_code)
            return known or ("tls-refused", "the server's certificate is not accepted")
        if isinstance(cause, ssl.SSLError) and any(one in str(cause.reason) for one in _NO_TLS):
            return "tls-refused", "the server does not speak TLS at this address"
    return "tls-refused", "no secure connection to the server"


def _causes(error: BaseException) -> list[BaseException]:
    """The error, and those inside it."""
    found: list[BaseException] = [error]
    for one in found:
        nested = [part for part in one.args if isinstance(part, BaseException)]
        found += [part for part in nested if part not in found]
    return found


ADVICE: Final = {
    "bad-ca-file": "mirror.vaultwarden.ca_file must be a PEM file",
    "tls-expired": "check the clock of this machine; else the server needs a new certificate",
    "tls-issuer": "set the file of your certificate authority in mirror.vaultwarden.ca_file",
    "tls-name": "use the name that the certificate is for in mirror.vaultwarden.url",
    "tls-refused": "check the address and its port, or set your CA in mirror.vaultwarden.ca_file",
}
