"""Webhooks are posted to real servers on this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User

from signals_audit import audit_context, deliveries
from signals_audit.channels import webhook
from signals_audit.models import Delivery, Notification
from signals_audit.reactions import notify
from tests.testapp.models import Article

from .post import free_port, silent_server

SECRET = "between us"


class Target(ThreadingHTTPServer):
    """A server that answers as it is told, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.headers: dict[str, str] = {}
        self.taken: list[tuple[str, dict[str, str], bytes]] = []

    def handle_error(self, *_arguments: Any) -> None:
        """Say nothing of connections that were given up."""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        target: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target.taken.append((self.path, dict(self.headers), body))
        if target.status == 0:  # a byte now and then
            for byte in b"HTTP/1.1 200 OK" * 20:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.1)
            return
        self.send_response(target.status)
        for name, value in target.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Target]:
    target = Target()
    thread = threading.Thread(target=target.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield target
    finally:
        target.shutdown()
        thread.join()
        target.server_close()


@pytest.fixture
def target() -> Iterator[Target]:
    with serving() as target:
        yield target


def configure(settings: Any, url: str, **options: Any) -> None:
    hook = {
        "BACKEND": "signals_audit.channels.Webhook",
        "URL": url,
        "SECRET": SECRET,
        "ALLOW_PRIVATE": True,
        "TIMEOUT": 0.4,
        **options,
    }
    settings.SIGNALS_AUDIT = {"CHANNELS": {"inbox": "signals_audit.channels.Inbox", "webhook": hook}}


def outcome(settings: Any, users: list[User], url: str, **options: Any) -> tuple[str, str]:
    """Tell somebody something, and return what became of the delivery, and the last line of its error."""
    configure(settings, url, **options)
    notify(users[0], verb="wrote")
    delivery = Delivery.objects.get()
    return delivery.state, delivery.error.strip().rpartition("\n")[2]


def url_of(target: Target, path: str = "/hook?to=me") -> str:
    return f"http://127.0.0.1:{target.server_port}{path}"


@pytest.mark.django_db(transaction=True)
class TestPosting:
    def test_what_is_posted_is_signed_and_says_all(
        self, settings: Any, users: list[User], target: Target
    ) -> None:
        configure(settings, url_of(target))
        article = Article.objects.create(title="Signals")
        with audit_context(actor=users[0]):
            notify(users, verb="wrote %(what)s on", target=article, data={"what": "<b>"})
        ((path, headers, body),) = target.taken
        delivery = Delivery.objects.get()
        assert (path, delivery.state) == ("/hook?to=me", "done")
        assert headers["Host"] == f"127.0.0.1:{target.server_port}"
        assert headers["Content-Type"] == "application/json"
        assert headers["Idempotency-Key"] == delivery.key
        stamp = headers["X-Signals-Audit-Timestamp"]
        assert abs(int(stamp) - time.time()) < 60
        expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Signals-Audit-Signature"] == f"sha256={expected}"
        lines = Notification.objects.order_by("id")
        assert json.loads(body) == {
            "notifications": [
                {
                    "id": str(line.uuid),
                    "kind": "wrote %(what)s on",
                    "verb": "wrote %(what)s on",
                    "text": "ada wrote <b> on Signals",
                    "remark": "",
                    "actor": {"kind": "user", "id": str(users[0].pk), "label": "ada"},
                    "recipient": {"id": str(user.pk), "label": user.username},
                    "target": {"model": "testapp.Article", "id": str(article.pk), "label": "Signals"},
                    "data": {"what": "<b>"},
                    "count": 1,
                    "created_at": line.created_at.isoformat(),
                }
                for line, user in zip(lines, users[1:], strict=True)
            ]
        }

    @pytest.mark.parametrize("status", [200, 201, 204])
    def test_any_2xx_is_a_success(
        self, settings: Any, users: list[User], target: Target, status: int
    ) -> None:
        target.status = status
        assert outcome(settings, users, url_of(target)) == ("done", "")

    @pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
    def test_other_answers_are_tried_again(
        self, settings: Any, users: list[User], target: Target, status: int
    ) -> None:
        target.status = status
        state, error = outcome(settings, users, url_of(target))
        assert (state, error.rpartition(": ")[2]) == ("pending", f"127.0.0.1 answered {status}.")

    def test_410_ends_it(self, settings: Any, users: list[User], target: Target) -> None:
        target.status = 410
        state, error = outcome(settings, users, url_of(target))
        assert (state, "wants no more of this" in error) == ("failed", True)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_redirects_are_not_followed(
        self, settings: Any, users: list[User], target: Target, status: int
    ) -> None:
        with serving() as elsewhere:
            target.status, target.headers = status, {"Location": url_of(elsewhere)}
            assert outcome(settings, users, url_of(target))[0] == "pending"
            assert (len(target.taken), elsewhere.taken) == (1, [])

    def test_a_server_that_hangs_is_not_waited_for(self, settings: Any, users: list[User]) -> None:
        with silent_server() as port:
            state, error = outcome(settings, users, f"http://127.0.0.1:{port}/")
        assert (state, "did not answer" in error) == ("pending", True)

    def test_nor_is_one_that_says_a_byte_now_and_then(
        self, settings: Any, users: list[User], target: Target
    ) -> None:
        target.status = 0
        state, error = outcome(settings, users, url_of(target))
        assert (state, "did not answer" in error) == ("pending", True)

    def test_a_server_that_is_not_there_is_tried_again(self, settings: Any, users: list[User]) -> None:
        state, error = outcome(settings, users, f"http://127.0.0.1:{free_port()}/")
        assert (state, "ConnectionRefusedError" in error) == ("pending", True)

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0", "[::ffff:127.0.0.1]"]
    )
    def test_private_addresses_are_refused_unless_they_are_allowed(
        self, settings: Any, users: list[User], target: Target, host: str
    ) -> None:
        url = f"http://{host}:{target.server_port}/"
        state, error = outcome(settings, users, url, ALLOW_PRIVATE=False)
        assert (state, "is a private address" in error, target.taken) == ("failed", True, [])

    def test_the_name_is_resolved_once_and_that_address_is_connected_to(
        self, settings: Any, users: list[User], target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[Any] = []
        real = socket.getaddrinfo

        def changing(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
            """Answer with a public address first, and then with this machine's."""
            if host != "rebinding.example":
                return real(host, port, *arguments, **options)
            asked.append(host)
            address = "203.0.113.7" if len(asked) > 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", changing)
        url = f"http://rebinding.example:{target.server_port}/"
        assert outcome(settings, users, url) == ("done", "")
        assert asked == ["rebinding.example"]
        assert target.taken[0][1]["Host"] == f"rebinding.example:{target.server_port}"

    @pytest.mark.parametrize(
        "options", [{"URL": "ftp://example.com/"}, {"URL": "example.com"}, {"URL": ""}, {"SECRET": ""}]
    )
    def test_a_webhook_that_makes_no_sense_is_logged_and_the_inbox_works(
        self, settings: Any, users: list[User], caplog: pytest.LogCaptureFixture, options: dict[str, str]
    ) -> None:
        configure(settings, "https://example.com/", **options)
        notify(users[0], verb="wrote")
        assert (Notification.objects.count(), Delivery.objects.count()) == (1, 0)
        (record,) = caplog.records
        assert "'webhook'" in record.getMessage()


@pytest.mark.parametrize(
    ("address", "is_out_there"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, is_out_there: bool) -> None:
    assert webhook.is_public(address) is is_out_there


def test_without_a_port_the_scheme_says_it() -> None:
    assert [webhook.port_of(urlsplit(f"{scheme}://example.com/")) for scheme in ("http", "https")] == [
        80,
        443,
    ]


def test_of_several_addresses_only_public_ones_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*addresses: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: found)

    url = urlsplit("https://example.com/")
    answer("10.0.0.1", "93.184.216.34")
    assert webhook.resolve(url, allow_private=False) == "93.184.216.34"
    answer("10.0.0.1", "127.0.0.1")
    with pytest.raises(deliveries.GiveUp, match=r"example\.com is a private address \(10\.0\.0\.1\)"):
        webhook.resolve(url, allow_private=False)
    assert webhook.resolve(url, allow_private=True) == "10.0.0.1"
