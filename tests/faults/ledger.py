"""The verdict: entries, replayed from the first on, against the tables as they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from django.db.models import JSONField, Model

from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.values import encode, encode_json, object_key
from tests.testapp.models import Article, Child, Parent, Tag, Vote

MODELS: tuple[type[Model], ...] = (Article, Vote, Parent, Child, Tag)

# Articles of doomed writers and all votes count how often they were updated.
COUNTERS = {"testapp.Article": "views", "testapp.Vote": "weight"}
COUNTED = "Article of"

Key = tuple[str, str]
Rows = dict[Key, dict[str, Any]]


def verdict() -> dict[str, Any]:
    """Say what is wrong with the log, and how many entries of each kind it holds.

    Lost is what happened and has no entry, a phantom is an entry of what did not happen.
    """
    replay = Replay()
    for entry in AuditEntry.objects.order_by("id").iterator():
        replay.add(entry)
    found = tables()
    wrong, counts = differences(replay.rows, found), counted(found)
    uncounted = wrong - counts.keys()
    missing = {key: count - replay.updates[key] for key, count in counts.items()}
    return {
        "entries": dict(Counter(f"{entry.action} {entry.model}" for entry in AuditEntry.objects.all())),
        "lost": len(uncounted & found.keys()) + sum(max(0, number) for number in missing.values()),
        "phantoms": len(uncounted - found.keys()) + sum(max(0, -number) for number in missing.values()),
        "broken": replay.broken[:3],
        "wrong": [f"{key}: told {replay.rows.get(key)}, is {found.get(key)}" for key in sorted(wrong)[:3]],
        "miscounted": [f"{key}: {number} too few" for key, number in missing.items() if number][:3],
        "without_change_set": AuditEntry.objects.exclude(change_set__in=ChangeSet.objects.all()).count(),
        "empty_change_sets": ChangeSet.objects.filter(entries=None).count(),
    }


class Replay:
    """The rows that the entries make, and the places where an entry does not follow from those before it."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.broken: list[str] = []
        self.updates: Counter[Key] = Counter()

    def add(self, entry: AuditEntry) -> None:
        """Apply an entry: each value before must be what the entries before it made."""
        key = (entry.model, entry.object_id)
        if any(isinstance(pair, dict) for pair in entry.changes.values()):
            self._relate(entry)
            return
        if entry.action == "update":
            self.updates[key] += 1
        row = self.rows.setdefault(key, {})
        for name, (before, after) in entry.changes.items():
            if row.get(name) != before:
                self.broken.append(f"{entry}: {name} was {row.get(name)!r}, not {before!r}")
            row[name] = after
        if entry.action == "delete":
            del self.rows[key]

    def _relate(self, entry: AuditEntry) -> None:
        for name, change in entry.changes.items():
            key = (f"{entry.model}.{name}", entry.object_id)
            row = self.rows.setdefault(key, {})
            for target in change["removed"]:
                if not row.pop(str(target), False):
                    self.broken.append(f"{entry}: {target} was not in {name}")
            row.update({str(target): True for target in change["added"]})
            if not row:
                del self.rows[key]


def differences(replayed: Rows, found: Rows) -> set[Key]:
    """Return the rows that are not what the entries make of them."""
    return {key for key in replayed.keys() | found.keys() if replayed.get(key) != found.get(key)}


def counted(rows: Rows) -> dict[Key, int]:
    """Return the rows that count their updates, and how many there were."""
    return {
        key: row[COUNTERS[key[0]]]
        for key, row in rows.items()
        if key[0] in COUNTERS and COUNTED in str(row.get("title", COUNTED))
    }


def tables() -> Rows:
    """Return the tables' rows as entries spell them."""
    rows: Rows = defaultdict(dict)
    for model in MODELS:
        fields = [field for field in model._meta.local_concrete_fields if field.name != "token"]
        for values in model._base_manager.values_list(*(field.attname for field in fields)):
            spelled = {
                field.name: _spelled(field, value) for field, value in zip(fields, values, strict=True)
            }
            rows[model._meta.label, object_key(spelled["id"])] = spelled
    for owner, target in Article.tags.through._base_manager.values_list("article_id", "tag_id"):
        rows["testapp.Article.tags", object_key(owner)][str(target)] = True
    return dict(rows)


def _spelled(field: Any, value: Any) -> Any:
    return encode_json(value) if isinstance(field, JSONField) else encode(value)
