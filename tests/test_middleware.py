from __future__ import annotations

import asyncio
import io
import ipaddress
import re
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.contrib.auth.models import User
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory, override_settings
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st

from signals_audit.context import ANONYMOUS, audit_context, current, resolve_actor
from signals_audit.middleware import AuditMiddleware, address, correlation_id, remote_addr
from signals_audit.models import AuditEntry
from signals_audit.types import Actor, ActorKind, AuditContext
from tests.testapp.models import Tag

MADE = re.compile(r"[0-9a-f]{32}")


def seen() -> dict[str, Any]:
    context, actor = current(), resolve_actor(current())
    return {
        "actor": f"{actor.kind.value} {actor.label}",
        "correlation_id": context.correlation_id,
        "remote_addr": context.remote_addr,
        "path": context.path,
    }


def report(request: HttpRequest) -> HttpResponse:
    return JsonResponse(seen())


async def report_async(request: HttpRequest) -> HttpResponse:
    return JsonResponse(await sync_to_async(seen)())


def ignore(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def add_tag(request: HttpRequest) -> HttpResponse:
    """Add a tag, as the user of a token where there is one: found by the view, as REST frameworks do."""
    if name := request.headers.get("Authorization"):
        request.user = User.objects.get(username=name)
    Tag.objects.create(name=f"tag {Tag.objects.count()}")
    if "fail" in request.GET:
        raise ZeroDivisionError
    return HttpResponse()


async def add_tag_async(request: HttpRequest) -> HttpResponse:
    await Tag.objects.acreate(name="async")
    return HttpResponse()


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def pieces() -> Iterator[str]:
        with audit_context(reason="left open between pieces"):
            yield seen()["actor"]
            yield seen()["path"]

    return StreamingHttpResponse(pieces())


async def stream_async(request: HttpRequest) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[str]:
        yield (await sync_to_async(seen)())["actor"]
        yield seen()["path"]

    return StreamingHttpResponse(pieces())


def download(request: HttpRequest) -> FileResponse:
    return FileResponse(io.BytesIO(b"file"))


VIEWS = (report, report_async, ignore, add_tag, add_tag_async, stream, stream_async, download)
urlpatterns = [path(f"{view.__name__}/", view) for view in VIEWS]

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """T23."""
    yield
    assert current() == AuditContext()


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create(username="anna")


def actors() -> list[tuple[str, ...]]:
    """Return who added the tags, in order, as it was stored."""
    columns = [f"change_set__actor_{column}" for column in ("kind", "id", "repr")]
    return list(AuditEntry.objects.filter(model="testapp.Tag").order_by("id").values_list(*columns))


def test_a_request_gives_its_facts_to_the_context(client: Client) -> None:
    response = client.get("/report/?token=secret", headers={"X-Request-ID": "r-1"}, REMOTE_ADDR="192.0.2.1")
    assert response.json() == {
        "actor": "anonymous anonymous",
        "correlation_id": "r-1",
        "remote_addr": "192.0.2.1",
        "path": "/report/",
    }


def test_an_async_request_does_the_same(anna: User) -> None:
    client = AsyncClient()
    client.force_login(anna)
    answer = async_to_sync(client.get)("/report_async/", headers={"X-Request-ID": "r-1"})
    assert answer.json() == {
        "actor": "user anna",
        "correlation_id": "r-1",
        "remote_addr": "127.0.0.1",
        "path": "/report_async/",
    }


def test_a_sync_view_in_an_async_server_and_the_other_way_round(anna: User, client: Client) -> None:
    client.force_login(anna)
    async_client = AsyncClient()
    async_client.force_login(anna)
    assert client.get("/report_async/").json()["actor"] == "user anna"
    assert async_to_sync(async_client.get)("/report/").json()["actor"] == "user anna"


def test_the_middleware_is_async_when_what_it_wraps_is() -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert iscoroutinefunction(AuditMiddleware(answer))
    assert not iscoroutinefunction(AuditMiddleware(ignore))


def test_a_request_that_changes_nothing_loads_nobody(
    anna: User, client: Client, django_assert_num_queries: Any
) -> None:
    client.force_login(anna)
    with django_assert_num_queries(0):
        client.get("/ignore/")


def test_who_is_logged_in_made_the_change(anna: User, client: Client) -> None:
    client.get("/add_tag/")
    client.force_login(anna)
    client.get("/add_tag/")
    async_client = AsyncClient()
    async_client.force_login(anna)
    async_to_sync(async_client.get)("/add_tag_async/")
    by_anna = ("user", str(anna.pk), "anna")
    assert actors() == [("anonymous", "", "anonymous"), by_anna, by_anna]


def test_a_user_whom_the_view_authenticates_made_the_change(anna: User, client: Client) -> None:
    """T22."""
    client.get("/add_tag/", headers={"Authorization": "anna"})
    assert actors() == [("user", str(anna.pk), "anna")]


def test_a_request_that_raises_leaves_nothing_behind(anna: User, client: Client) -> None:
    """T23."""
    client.force_login(anna)
    with pytest.raises(ZeroDivisionError):
        client.get("/add_tag/?fail")
    client.raise_request_exception = False
    assert client.get("/add_tag/?fail").status_code == 500
    Tag.objects.create(name="outside")
    by_anna = ("user", str(anna.pk), "anna")
    assert actors() == [by_anna, by_anna, ("system", "", "system")]


@pytest.mark.parametrize("name", ["HTTP_X_REQUEST_ID", "HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"])
@pytest.mark.parametrize(
    "value", ["no ip", "a" * 300, "x" * 10_000, "\0", "1\x002", "\udcff", "é", "' or 1=1--", ", ,", "%s%(x)s"]
)
@override_settings(SIGNALS_AUDIT={"MODELS": ["testapp.Tag"], "TRUSTED_PROXIES": 1})
def test_no_header_breaks_a_write(name: str, value: str, db: None, client: Client) -> None:
    """T24."""
    headers = {"HTTP_USER_AGENT": "m" * 10_000, name: value}
    assert client.get("/add_tag/", **headers).status_code == 200
    change_set = AuditEntry.objects.get(model="testapp.Tag").change_set
    assert MADE.fullmatch(change_set.correlation_id)
    assert change_set.remote_addr == ("127.0.0.1" if name == "HTTP_X_REQUEST_ID" else "")


def test_a_request_without_authentication_is_anonymous() -> None:
    middleware = AuditMiddleware(lambda request: JsonResponse(seen()))
    request = RequestFactory().get("/")
    middleware(request)
    with audit_context(actor=lambda: getattr(request, "user", ANONYMOUS)):
        assert resolve_actor(current()) == ANONYMOUS
    assert b'"actor": "anonymous anonymous"' in middleware(request).content


def test_a_block_around_a_request_is_inherited(client: Client) -> None:
    with audit_context(actor=Actor(ActorKind.USER, "9", "outer"), reason="why"):
        request = RequestFactory().get("/")
        assert AuditMiddleware(lambda request: current())(request).reason == "why"
        assert client.get("/report/").json()["actor"] == "anonymous anonymous"
        assert current().actor.label == "outer"


# Correlation id


@pytest.mark.parametrize("given", ["r-1", "a" * 128, "0af7651916cd43dd:b7ad6b7169203331", "A_b.c/+=@-"])
def test_a_well_formed_request_id_is_kept(given: str) -> None:
    request = RequestFactory().get("/", headers={"X-Request-ID": given})
    assert AuditMiddleware(lambda request: current())(request).correlation_id == given
    assert request.correlation_id == given


@pytest.mark.parametrize("given", ["", "a" * 129, "two words", "a,b", "<b>", "a\n", "\n", "é", "\0", "a;b"])
def test_any_other_request_id_is_replaced(given: str) -> None:
    made = [correlation_id({"HTTP_X_REQUEST_ID": given}), correlation_id({})]
    assert all(MADE.fullmatch(each) for each in made)
    assert made[0] != made[1]


# Remote address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.7", "192.0.2.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "203.0.113.9, 203.0.113.7", "203.0.113.7"),
        (2, "203.0.113.9, 203.0.113.7,198.51.100.1", "203.0.113.7"),
        (2, "203.0.113.7, 198.51.100.1", "203.0.113.7"),
        (3, "203.0.113.7, 198.51.100.1", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.7, unknown", ""),
        (1, "unknown, 203.0.113.7", "203.0.113.7"),
        (1, ",", ""),
        (1, "1.1.1.1, " * 1_000 + "203.0.113.7", "203.0.113.7"),
        (-1, "203.0.113.7", "192.0.2.1"),
        (10**6, "203.0.113.7", "192.0.2.1"),
    ],
)
def test_the_address_is_what_the_trusted_proxies_saw(proxies: int, forwarded: str, expected: str) -> None:
    headers = {"HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": "192.0.2.1"}
    assert remote_addr(headers, proxies=proxies) == expected


@pytest.mark.parametrize(("setting", "expected"), [(1, "203.0.113.7"), (0, "127.0.0.1"), ("1", "127.0.0.1")])
def test_the_number_of_proxies_is_a_setting(setting: Any, expected: str, client: Client) -> None:
    with override_settings(SIGNALS_AUDIT={"TRUSTED_PROXIES": setting}):
        answer = client.get("/report/", headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.json()["remote_addr"] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1"),
        ("1.2.3.4:99999", "1.2.3.4"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:0db8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[::1]:80", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unknown", ""),
        ("not-an-ip", ""),
        ("testclient", ""),
        ("_hidden", ""),
        ("1" * 5_000, ""),
        ("[", ""),
        ("[]", ""),
        ("[192.0.2.1", ""),
        ("192.0.2.1:80:80", ""),
        ("192.0.2.01", ""),
        ("١٩٢.٠.٢.١", ""),
        ("1.2.3.4\0", ""),
        ("' or 1=1--", ""),
        ("for=192.0.2.1", ""),
    ],
)
def test_an_address_is_spelled_in_one_way_and_anything_else_is_dropped(given: str, expected: str) -> None:
    assert address(given) == expected


def test_a_server_without_addresses_has_none() -> None:
    assert remote_addr({}, proxies=0) == remote_addr({"REMOTE_ADDR": None}, proxies=1) == ""


header_text = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.binary().map(lambda raw: raw.decode("latin-1")),
    st.text("0123456789abcdef.:,[]% \t"),
    st.from_regex(r"[A-Za-z0-9._:/+=@-]{120,136}"),
    st.ip_addresses().map(str),
)


@given(header_text, header_text, header_text, st.integers(0, 3))
def test_any_header_gives_a_storable_value(request_id: str, forwarded: str, peer: str, proxies: int) -> None:
    headers = {"HTTP_X_REQUEST_ID": request_id, "HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": peer}
    assert re.fullmatch(r"[A-Za-z0-9._:/+=@-]{1,128}", correlation_id(headers))
    found = remote_addr(headers, proxies=proxies)
    assert found == "" or found == str(ipaddress.ip_address(found))


@given(st.text(st.characters(exclude_categories=())), st.integers(0, 5_000))
def test_any_path_gives_a_storable_value(start: str, length: int) -> None:
    request = RequestFactory().get("/")
    request.path = start + "/" * length
    kept = AuditMiddleware(lambda request: current())(request).path
    assert len(kept) <= 1024
    kept.encode()
    assert "\0" not in kept


# Streaming


def test_what_is_changed_while_streaming_belongs_to_the_request(anna: User, client: Client) -> None:
    client.force_login(anna)
    response = client.get("/stream/")
    pieces = iter(response.streaming_content)
    streamed = []
    for piece in pieces:
        assert current() == AuditContext()
        streamed.append(piece)
    assert streamed == [b"user anna", b"/stream/"]


def test_an_async_stream_belongs_to_the_request_too(anna: User) -> None:
    client = AsyncClient()
    client.force_login(anna)

    async def fetch() -> list[bytes]:
        response = await client.get("/stream_async/")
        return [piece async for piece in response.streaming_content]

    assert async_to_sync(fetch)() == [b"user anna", b"/stream_async/"]


def test_a_file_is_still_handed_to_the_server() -> None:
    response: Any = AuditMiddleware(download)(RequestFactory().get("/"))
    assert (response.file_to_stream.getvalue(), b"".join(response)) == (b"file", b"file")


# Concurrency


def as_user(request: HttpRequest, number: int) -> None:
    request.user = User(pk=number, username=f"user {number}")


def expected(number: int) -> dict[str, str]:
    return {
        "actor": f"user user {number}",
        "correlation_id": f"r-{number}",
        "remote_addr": "127.0.0.1",
        "path": f"/{number}/",
    }


def test_requests_in_threads_keep_their_actors_apart() -> None:
    """P4."""
    together = threading.Barrier(8)
    middleware = AuditMiddleware(lambda request: (together.wait(), seen())[1])

    def answer(number: int) -> list[dict[str, Any]]:
        found = []
        for _ in range(25):
            request = RequestFactory().get(f"/{number}/", headers={"X-Request-ID": f"r-{number}"})
            as_user(request, number)
            found.append(middleware(request))
            assert current() == AuditContext()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answer, range(8))) == [[expected(number)] * 25 for number in range(8)]


def test_requests_on_one_loop_keep_their_actors_apart() -> None:
    """P4."""

    async def view(request: HttpRequest) -> Any:
        await asyncio.sleep(0)
        return [
            await sync_to_async(seen)(),
            await asyncio.gather(sync_to_async(seen)(), asyncio.to_thread(seen)),
        ]

    middleware = AuditMiddleware(view)

    async def answer(number: int) -> Any:
        request = AsyncRequestFactory().get(f"/{number}/", headers={"X-Request-ID": f"r-{number}"})
        as_user(request, number)
        found = await middleware(request)
        return found, current() == AuditContext()

    async def main() -> Any:
        return await asyncio.gather(*map(answer, range(50)))

    assert asyncio.run(main()) == [([expected(number), [expected(number)] * 2], True) for number in range(50)]


def test_a_cancelled_request_leaves_nothing_behind() -> None:
    async def view(request: HttpRequest) -> Any:
        await asyncio.Event().wait()

    async def answer() -> AuditContext:
        try:
            await AuditMiddleware(view)(AsyncRequestFactory().get("/"))
        except asyncio.CancelledError:
            return current()
        raise AssertionError("was not cancelled")

    async def main() -> AuditContext:
        task = asyncio.create_task(answer())
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(main()) == AuditContext()
