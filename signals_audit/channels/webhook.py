"""A signed POST to somebody else's server.

Options: `URL`, `SECRET`, `ALLOW_PRIVATE` (False) and `TIMEOUT` (10 seconds). The body is JSON in UTF-8,
`{"notifications": [...]}`. Its headers are

* `Idempotency-Key`: the same whenever the same is sent again,
* `X-Signals-Audit-Timestamp`: seconds since 1970,
* `X-Signals-Audit-Signature`: `sha256=` and the hexadecimal HMAC-SHA256, with the secret, of the timestamp,
  a dot and the body.

Any 2xx is a success, 410 ends it, everything else is tried again; redirects are not followed. The name is
resolved once, and the address that was found allowed is the one that is connected to.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext_lazy as _

from ..deliveries import GiveUp
from ..exceptions import AuditError, ConfigurationError
from ..models import Delivery, Notification
from ..reactions.channels import Channel
from ..sentences import remark, sentence

TIMEOUT: Final = 10
GONE: Final = 410
PORTS: Final = {"http": 80, "https": 443}
NAT64: Final = IPv6Network("64:ff9b::/96")


class NotTaken(AuditError):
    """The server at the other end did not take what was posted."""


class Webhook(Channel):
    """All notifications of a delivery in one request."""

    title = _("Webhook")

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(name, options)
        self._url = urlsplit(str(options.get("URL", "")))
        if self._url.scheme not in PORTS or not self._url.hostname:
            raise ConfigurationError(
                f"The webhook {name!r} needs a URL that starts with http:// or https://."
            )
        if not options.get("SECRET"):
            raise ConfigurationError(f"The webhook {name!r} needs a SECRET to sign with.")

    def send(self, notifications: Sequence[Notification], delivery: Delivery) -> None:
        """Post the notifications; raise unless they are taken."""
        body = json.dumps({"notifications": [payload(line) for line in notifications]}).encode()
        status = self._post(body, self._headers(body, delivery))
        if status == GONE:
            raise GiveUp(f"{self._url.hostname} says that it wants no more of this (410).")
        if not 200 <= status < 300:
            raise NotTaken(f"{self._url.hostname} answered {status}.")

    def _headers(self, body: bytes, delivery: Delivery) -> dict[str, str]:
        timestamp = str(int(time.time()))
        signature = sign(str(self.options["SECRET"]), timestamp, body)
        return {
            "Content-Type": "application/json",
            "User-Agent": "signals_audit",
            "Idempotency-Key": delivery.key,
            "X-Signals-Audit-Timestamp": timestamp,
            "X-Signals-Audit-Signature": f"sha256={signature}",
        }

    def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        seconds = float(self.options.get("TIMEOUT", TIMEOUT))
        address = resolve(self._url, allow_private=bool(self.options.get("ALLOW_PRIVATE")))
        connection = Connection(self._url, address, seconds)
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        ending = threading.Timer(seconds * 2, connection.cut)  # for one who sends a byte now and then
        ending.daemon = True
        try:
            connection.connect()
            ending.start()
            connection.request("POST", path, body, dict(headers))
            return connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise NotTaken(f"{self._url.hostname} did not answer: {error!r}") from error
        finally:
            ending.cancel()
            connection.close()


class Connection(HTTPConnection):
    """A connection to an address that is known already, whatever its name resolves to by now."""

    def __init__(self, url: SplitResult, address: str, seconds: float) -> None:
        super().__init__(str(url.hostname), port_of(url), timeout=seconds)
        self._address = address
        self._is_secure = url.scheme == "https"
        self.default_port = PORTS[url.scheme]  # else the port would be in the Host header

    def connect(self) -> None:
        """Connect to the address; the certificate has to be the name's."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._is_secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """End whatever the connection is waiting for."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def port_of(url: SplitResult) -> int:
    """Return the port that an address names or means."""
    return url.port or PORTS[url.scheme]


def resolve(url: SplitResult, *, allow_private: bool) -> str:
    """Return an address of a host that may be connected to; `GiveUp` where all of them are private."""
    try:
        found = socket.getaddrinfo(url.hostname, port_of(url), type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotTaken(f"{url.hostname} cannot be resolved: {error}") from error
    addresses = [str(info[4][0]) for info in found]
    allowed = [address for address in addresses if allow_private or is_public(address)]
    if not allowed:
        raise GiveUp(f"{url.hostname} is a private address ({addresses[0]}): ALLOW_PRIVATE would allow it.")
    return allowed[0]


def is_public(address: str) -> bool:
    """Tell whether an address is out in the world: none that is private, loopback or such in disguise."""
    found = ip_address(address.partition("%")[0])
    inner = _inner(found) if isinstance(found, IPv6Address) else None
    return found.is_global and not found.is_multicast and (inner is None or is_public(str(inner)))


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the address of the old kind that one of the new kind leads to."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a body, as the receiver computes it, too."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def payload(line: Notification) -> dict[str, Any]:
    """Return a notification as plain data."""
    return {
        "id": str(line.uuid),
        "kind": line.kind,
        "verb": line.verb,
        "text": sentence(line),
        "remark": remark(line),
        "actor": {"kind": line.actor_kind, "id": line.actor_id, "label": line.actor_repr},
        "recipient": {"id": str(line.recipient_id), "label": line.recipient.get_username()},
        "target": {"model": line.target_model, "id": line.target_id, "label": line.target_repr},
        "data": line.data,
        "count": line.count,
        "created_at": line.created_at.isoformat(),
    }
