"""Tries to talk to anybody: this machine, others, listeners outside, the kernel."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PATIENCE_S = 0.3
_NOBODY = ("192.0.2.1", 9)  # TEST-NET-1 of RFC 5737: routed to nobody
_KERNEL = {
    "netlink": (socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "packet": (socket.AF_PACKET, socket.SOCK_RAW, 0),
    "raw": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "virtual machine": (40, socket.SOCK_STREAM, 0),
    "Bluetooth": (31, socket.SOCK_RAW, 1),
    "crypto": (38, socket.SOCK_SEQPACKET, 0),
}


def network(aim: Mapping[str, Any]) -> Iterator[str]:
    """Connect to listeners outside by TCP, UDP and local sockets; open sockets of the kernel."""
    here = ("127.0.0.1", int(aim["tcp_port"]))
    for what, address in (("this machine", here), ("another machine", _NOBODY)):
        with contextlib.suppress(OSError), socket.socket() as link:
            link.settimeout(_PATIENCE_S)
            link.connect(address)
            yield f"connected to {what}"
    udp = ("127.0.0.1", int(aim["udp_port"]))
    for what, address in (("this machine", udp), ("another machine", _NOBODY)):
        with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as link:
            link.sendto(b"labels", address)
            yield f"sent a datagram to {what}"
    for name in ("\0" + str(aim["abstract_socket"]), str(aim["socket"])):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as link:
            link.settimeout(_PATIENCE_S)
            link.connect(name)
            yield f"connected to a local socket outside, {name!r}"
    for what, words in _KERNEL.items():
        with contextlib.suppress(OSError), socket.socket(*words):
            yield f"opened a {what} socket"
    for number in range(64):
        with contextlib.suppress(OSError):
            if str(Path(f"/proc/self/fd/{number}").readlink()).startswith("socket:"):
                yield f"was born with a socket, descriptor {number}"
