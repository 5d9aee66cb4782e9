"""The listening socket: bound once, shared by every process that answers, closed without losing a connection.

All processes hold the same socket, not one each (SO_REUSEPORT). Connections that wait for an answer then wait in one
queue: the death of a worker loses none of them, and another takes them. With a socket each, the kernel would deal them
out by hash, and a dead or busy worker's share would be reset or kept waiting.
"""

import ctypes
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Sequence

from smeaton.errors import InputError

BACKLOG = 2048  #: connections that may wait to be accepted
_SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h; Python has no name for it
#: Classic BPF (code, jump if true, jump if false, operand) over the TCP header: drop what has SYN without ACK.
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0xFFFFFFFF),  # take all else
)


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket: a port that is taken is said before anything else happens.

    Raises:
        InputError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or "a port is a number from 0 to 65535"
        fix = "choose another port, or 0 for any free one"
        raise InputError(f"cannot listen on {host}:{port}: {why}", fix=fix) from error
    return listening


def is_loopback(host: str) -> bool:
    """Whether an address to bind to can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def inherited(descriptor: int) -> socket.socket:
    """The listening socket a parent process left open at a file descriptor."""
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


def address(listening: socket.socket, scheme: str = "http") -> str:
    """The URL of a socket."""
    host, port = listening.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def refuse_new(sockets: Sequence[socket.socket]) -> bool:
    """Begin no more connections, in every process that holds these sockets; those begun can still be accepted.

    Between the last accept that found nothing and the close of a socket, a connection could slip into its queue and
    be reset by the close. On Linux a filter on the socket drops what would begin one (a SYN): the other side asks again
    a second later and is refused cleanly. Where sockets have no filters (macOS) this does nothing and returns False;
    the gap is then some microseconds.
    """
    if not sys.platform.startswith("linux"):
        return False
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _DROP_SYN))
    program = struct.pack("HL", len(_DROP_SYN), ctypes.addressof(code))
    try:
        for listening in sockets:
            listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    except OSError:  # a kernel built without filters, or a sandbox: as on macOS
        return False
    return True
