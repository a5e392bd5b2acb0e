"""Values of every kind that columns hold, easy ones and odd ones."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

from django.db.models import Value

MOMENT = datetime.datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=datetime.UTC)
ARTICLES: list[dict[str, Any]] = [
    {},
    {"title": "Ärger \"quoted\" \\ back\\slash\nline\ttab 😀 ' % %s", "body": "x" * 3000},
    {"views": -5, "price": Decimal("123456.78"), "ratio": 1.5},
    {"price": Decimal("-0.10"), "ratio": 0.1, "is_open": False},
    {"price": Decimal("0"), "ratio": -0.0},
    {"price": Value(1.005)}, {"price": Value(1.015)}, {"price": Value(-123456.785)}, {"price": Value(0.995)},
    {"ratio": 1e15}, {"ratio": 1e16}, {"ratio": 123456789012345680.0}, {"ratio": 1.2345e-7}, {"ratio": 1e22},
    {"ratio": 1e300}, {"ratio": 5e-200}, {"ratio": 0.0001}, {"ratio": 0.00001}, {"ratio": 100.0},
    {"ratio": 0.1 + 0.2}, {"ratio": 1 / 3}, {"ratio": 2**0.5 * 1e10}, {"ratio": -987654.321e-12},
    {"ratio": 999999999999999.9}, {"ratio": 1234567890123456.5}, {"ratio": 2.716126531834985e16},
    {"ratio": 1e23}, {"ratio": -1.5e15}, {"ratio": 9.5e15},
    {"token": uuid.UUID(int=1)},
    {"meta": None},
    {"meta": {"a": [1, 2.5, None, True, {"b": "ä\" \\ ' 😀"}], "": {}}},
    {"meta": []}, {"meta": "text"}, {"meta": 7}, {"meta": 1.0}, {"meta": False},
    {"meta": {"masked": True}},
    {"day": datetime.date(1, 2, 3)}, {"day": datetime.date(9999, 12, 31)},
    {"created": MOMENT}, {"created": MOMENT.replace(microsecond=0)},
    {"status": "published"},
]  # fmt: skip

DOCUMENTS: list[dict[str, Any]] = [
    {},
    {"file": "documents/ä.txt", "data": b"\x00\xff'\"", "duration": datetime.timedelta(days=1, seconds=3)},
    {"data": bytes(range(256)) * 2}, {"data": b"a"}, {"data": b"ab"}, {"data": b"abc"},
    {"duration": datetime.timedelta(days=-1, microseconds=5)},
    {"duration": -datetime.timedelta(hours=30, minutes=7)},
    {"duration": datetime.timedelta(days=400, hours=23, minutes=59, seconds=59, microseconds=999999)},
    {"duration": datetime.timedelta(0)},
    {"at": datetime.time(12, 30)}, {"at": datetime.time(0, 0, 1, 5)},
    {"at": datetime.time(23, 59, 59, 999999)},
    {"big": 2**53 - 1}, {"big": 2**53}, {"big": -(2**63)}, {"big": 2**63 - 1}, {"big": -(2**53)},
    {"address": "127.0.0.1"}, {"address": "::1"}, {"address": "2001:db8::ff00:42:8329"},
]  # fmt: skip
