"""TLS as a repository configures it: one context for each combination of its keys."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, NamedTuple

from repo_meta.curl import CA_FILE, CLIENT_CERT
from repo_meta.origins import is_own

if TYPE_CHECKING:
    from pkgman.model.repo import RepoSource
    from repo_meta.pace import Pace

_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


class Tls(NamedTuple):
    """What TLS is spoken with; paths are ``""`` for none."""

    verify: bool
    ca_file: str
    cert: str
    key: str


def settings(source: RepoSource, url: str) -> Tls:
    """Return what a repository wants for a URL: its client certificate is for its own hosts."""
    own = is_own(source, url)
    cert = source.sslclientcert if own else ""
    return Tls(source.sslverify, source.sslcacert, cert, source.sslclientkey if cert else "")


def context(tls: Tls, pace: Pace, fallback: str) -> ssl.SSLContext:
    """Make the context.

    :param fallback: certificates of authorities where the system has none.
    :raises FetchError: 1278 for a file without certificates of authorities, 1259 for the client's.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.set_alpn_protocols(["http/1.1"])
    if tls.verify:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as curl: an intermediate may be trusted
        place = tls.ca_file or _system_bundle() or fallback
        try:
            folder = os.path.isdir(place) and not tls.ca_file
            made.load_verify_locations(*((None, place) if folder else (place, None)))
        except OSError as error:
            reason = f"{place} cannot be used as certificates of authorities: {_words(error)}"
            raise pace.error(CA_FILE, reason) from error
    else:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if tls.cert:
        try:
            # Without an answer OpenSSL would ask the terminal for the password of a key.
            made.load_cert_chain(tls.cert, tls.key or None, password=lambda: "")
        except OSError as error:
            reason = f"the client certificate {tls.cert} cannot be used: {_words(error)}"
            raise pace.error(CLIENT_CERT, reason) from error
    return made


def _system_bundle() -> str:
    """The system's CA certificates, as curl uses them; requests would bring its own."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, *_BUNDLES, paths.capath):
        if path and os.path.exists(path):
            return path
    return ""


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return error.strerror or str(error)
