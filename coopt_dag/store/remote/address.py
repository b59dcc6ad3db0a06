"""Where a node or gateway listens: one URL, whatever way it was written."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from coopt_dag.errors import UsageError

_HINT = "an address looks like http://127.0.0.1:5001 or /ip4/127.0.0.1/tcp/5001."
_HOSTS = ("ip4", "ip6", "dns", "dns4", "dns6")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def base_url(text: str) -> str:
    """Give the URL without a path that every client adds itself, and without a trailing slash.

    Raises
    ------
    UsageError
        It is neither an http(s) URL nor the multiaddr of one, or it names content.

    Examples
    --------
    >>> base_url("http://127.0.0.1:5001/api/v0/")
    'http://127.0.0.1:5001'
    >>> base_url("/ip4/127.0.0.1/tcp/5001")
    'http://127.0.0.1:5001'
    """
    url = _from_multiaddr(text.strip()) if text.strip().startswith("/") else text.strip()
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = False
    if not fine or parts.query or parts.fragment:
        raise UsageError(f"'{shown(text)[:120]}' is no address of a node or gateway.", hint=_HINT)
    path = parts.path.rstrip("/").removesuffix("/api/v0").removesuffix("/ipfs")
    front, mark, _ = path.partition("/ipfs/")
    if mark:
        plain = shown(urlunsplit((parts.scheme, parts.netloc, front, "", "")))
        raise UsageError(
            f"'{shown(text)[:160]}' names content, not only the gateway that has it.",
            hint=f"give the address without /ipfs/…: {plain}",
        )
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def shown(url: str) -> str:
    """Give the URL as it may be printed: without the name and password in it.

    >>> shown("https://me:secret@node.example")
    'https://node.example'
    """
    front, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{front}{mark}{host.rpartition('@')[2]}{slash}{path}"


def _from_multiaddr(text: str) -> str:
    parts = text.strip("/").split("/")
    if len(parts) not in (4, 5) or parts[0] not in _HOSTS or parts[2] != "tcp":
        raise UsageError(f"'{text[:120]}' is no address of a node or gateway.", hint=_HINT)
    scheme = "https" if parts[4:] in (["https"], ["tls"]) or parts[3] == "443" else "http"
    host = f"[{parts[1]}]" if parts[0] == "ip6" else parts[1]
    return f"{scheme}://{host}:{parts[3]}"
