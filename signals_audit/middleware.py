"""The middleware that tells every change of a request who made it, and from where."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .conf import get_settings
from .context import ADDRESS_LIMIT, ANONYMOUS, CORRELATION_LIMIT, audit_context

_CORRELATION_ID = re.compile(rf"[A-Za-z0-9._:/+=@-]{{1,{CORRELATION_LIMIT}}}")
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]*)?|([^:]*):[0-9]*")

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class AuditMiddleware:
    """Give the changes of a request their context, in sync and in async servers.

    The user is looked up when a change is captured, never before: a view or a later middleware may still set
    `request.user`, and a request that changes nothing loads nobody. `request.correlation_id` is the request's
    `X-Request-ID` when that is well-formed, else a new one. What a streaming response changes while it is
    sent belongs to the request too.
    """

    sync_capable: Final = True
    async_capable: Final = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request within its context."""
        block = request_context(request)
        if self.is_async:
            return self.answer(request, block)
        with block:
            response = cast("HttpResponseBase", self.get_response(request))
        return stream_within(block, response)

    async def answer(self, request: HttpRequest, block: audit_context) -> HttpResponseBase:
        """Answer a request within its context, in an async server."""
        with block:
            response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        return stream_within(block, response)


def request_context(request: HttpRequest) -> audit_context:
    """Return the block in which a request is answered, and give the request its correlation id."""
    request.correlation_id = correlation_id(request.META)  # type: ignore[attr-defined]
    return audit_context(
        actor=lambda: actor_of(request),
        correlation_id=request.correlation_id,  # type: ignore[attr-defined]
        remote_addr=remote_addr(request.META, proxies=trusted_proxies()),
        path=request.path,  # never the query string, which may hold tokens
    )


def trusted_proxies() -> int:
    """Return how many proxies stand before the server; none where the setting is no number."""
    proxies: Any = get_settings().TRUSTED_PROXIES
    return proxies if isinstance(proxies, int) else 0


def actor_of(request: HttpRequest) -> Any:
    """Return the request's user as it is now; anonymous where nothing authenticates."""
    return getattr(request, "user", ANONYMOUS)


def correlation_id(headers: Mapping[str, Any]) -> str:
    """Return the id that the client or proxy gave the request when it is well-formed, else a new one."""
    given = headers.get("HTTP_X_REQUEST_ID", "")
    return given if _CORRELATION_ID.fullmatch(given) else uuid.uuid4().hex


def remote_addr(headers: Mapping[str, Any], *, proxies: int) -> str:
    """Return the address of the client, "" where it is not known.

    Behind n trusted proxies it is the n-th entry from the right in `X-Forwarded-For`, and "" when that is no
    address. A request with fewer entries did not come through all of them: it has the address that connected.
    """
    forwarded = headers.get("HTTP_X_FORWARDED_FOR", "") if proxies > 0 else ""
    hops = forwarded.rsplit(",", proxies) if forwarded else []
    return address(hops[-proxies] if hops and len(hops) >= proxies else headers.get("REMOTE_ADDR") or "")


def address(given: str) -> str:
    """Return an IP address in its usual spelling, without port and zone; "" for anything else."""
    bare = given.strip()[: 2 * ADDRESS_LIMIT]
    if match := _WITH_PORT.fullmatch(bare):
        bare = match[1] or match[2] or ""
    try:
        ip = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip)


def stream_within(block: audit_context, response: HttpResponseBase) -> HttpResponseBase:
    """Have each piece of a streaming response made within the block; return the response."""
    if isinstance(response, StreamingHttpResponse) and getattr(response, "file_to_stream", None) is None:
        pieces = response.streaming_content
        if isinstance(pieces, AsyncIterator):
            response.streaming_content = _each_async(block, pieces)
        else:
            response.streaming_content = _each(block, pieces)
    return response


def _each(block: audit_context, pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with block:
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


async def _each_async(block: audit_context, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        with block:
            piece = await anext(pieces, None)
        if piece is None:
            return
        yield piece
