"""A coroutine that is run step by step is as it was, with something around each step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from signals_audit.tracing.steps import Steps

place: ContextVar[str] = ContextVar("place", default="")


@contextmanager
def at(name: str) -> Iterator[None]:
    before = place.set(name)
    try:
        yield
    finally:
        place.reset(before)


async def three_places(pause: float) -> list[str]:
    found = []
    for _step in range(3):
        found.append(place.get())
        await asyncio.sleep(pause)
    return found


def test_what_is_around_a_step_is_around_no_other_coroutine() -> None:
    async def run() -> list[list[str]]:
        shared = copy_context()

        async def one(name: str, pause: float) -> list[str]:
            found: list[str] = await Steps(three_places(pause), lambda: at(name))
            return found

        tasks = [asyncio.create_task(one(name, 0.001 * len(name)), context=shared) for name in ("a", "bb")]
        return [await task for task in tasks]

    assert asyncio.run(run()) == [["a"] * 3, ["bb"] * 3]


def test_an_error_comes_out_as_it_was_raised() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError(place.get())

    async def run() -> None:
        await Steps(fail(), lambda: at("here"))

    with pytest.raises(ValueError, match="here"):
        asyncio.run(run())


def test_what_is_cancelled_may_clean_up_and_is_cancelled() -> None:
    cleaned: list[Any] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            cleaned.append(place.get())
            raise

    async def run() -> None:
        async def one() -> None:
            await Steps(wait(), lambda: at("here"))

        task = asyncio.create_task(one())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(run())
    assert cleaned == ["here"]
