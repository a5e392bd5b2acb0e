"""The second law: replaying the log gives the tables, and each value before is the previous one after."""

from __future__ import annotations

import json
from ast import literal_eval
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections

from signals_audit.registry import object_id_of, registry

from .facts import (
    Fact,
    Link,
    Spelled,
    Values,
    facts_of_entries,
    hidden,
    key_of,
    link_of,
    relations_of,
    values_of,
)
from .triggers import rows, watched

RowKey = tuple[str, str, str]


class Tables(NamedTuple):
    """All audited rows of all databases, and all targets of many-to-many fields."""

    rows: dict[RowKey, Values]
    links: set[Link]


NOTHING = Tables({}, set())


def stored() -> Tables:
    """Return the tables as they are."""
    found = Tables({}, set())
    for using in connections:
        for model, row in rows(watched(), using):
            if registry.options_for(model) is not None:
                key = (using, model._meta.label, object_id_of(model, key_of(model, row)))
                found.rows[key] = hidden(model, values_of(model, row))
            else:
                links = (link_of(field, row, using) for field in relations_of(model))
                found.links.update(link for link in links if link)
    return found


def replayed(since: Tables) -> Tables:
    """Return the tables as the log tells them; what it tells must fit what was there before."""
    found = Tables(dict(since.rows), set(since.links))
    for using in connections:
        for fact in facts_of_entries(using):
            if isinstance(fact, Link):
                _relate(found.links, fact)
            else:
                _apply(found.rows, fact)
    return found


def _relate(links: set[Link], link: Link) -> None:
    there = link._replace(came=True)
    assert (there in links) is not link.came, link
    (links.add if link.came else links.remove)(there)


def _apply(tables: dict[RowKey, Values], fact: Fact) -> None:
    key = (fact.using, fact.label, fact.object_id)
    if fact.action == "create":
        assert key not in tables, fact
        tables[key] = fact.after
        return
    row = tables.pop((fact.using, fact.label, _id_before(fact)))
    assert fact.before == {name: row[name] for name in fact.before}, (fact, row)
    if fact.action == "update":
        tables[key] = {**row, **fact.after}
    else:
        assert fact.before == row, (fact, row)


def _id_before(fact: Fact) -> str:
    """Return the id that a row had before; an update of the key is told under the new one."""
    model = apps.get_model(fact.label)
    names = [field.name for field in model._meta.pk_fields]
    if fact.action != "update" or not fact.before.keys() & set(names):
        return fact.object_id
    changed = {name: _value(fact.before[name]) for name in names if name in fact.before}
    if len(names) == 1:
        return object_id_of(model, changed[names[0]])
    parts = zip(names, json.loads(fact.object_id), strict=True)
    return object_id_of(model, tuple(changed.get(name, part) for name, part in parts))


def _value(spelled: Spelled) -> Any:
    return spelled and literal_eval(spelled[1])


def assert_log_gives_the_tables(since: Tables = NOTHING) -> Tables:
    """Compare what the log tells, from a state of the tables on, with what there is; return that."""
    found = stored()
    assert replayed(since) == found
    return found
