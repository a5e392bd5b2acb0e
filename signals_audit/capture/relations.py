"""Many-to-many rows: told on the owner, one event for each owner and field that a statement touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ..context import is_disabled
from ..events import RelationChange
from ..types import Action
from ..values import encode
from .blocks import WriteBlock
from .plans import End, Relation, TablePlan
from .rows import Reader, Row
from .subjects import Owners, OwnerSubject


class Maker(Protocol):
    """What makes the events of a statement on a through table."""

    block: WriteBlock
    plan: TablePlan
    reader: Reader

    def append(self, *, recorded: bool, pk: Any, **facts: Any) -> None:
        """Add an event."""


def relate_moved(maker: Maker, before: Mapping[Any, Row], after: Sequence[Row]) -> None:
    """Tell of through rows that an UPDATE had point at something else."""
    plan = maker.plan
    pairs = [(before[key], row) for row in after if (key := plan.key_of(row)) in before]
    moved = [(old, new) for old, new in pairs if _ends(plan, old) != _ends(plan, new)]
    relate(maker, added=[new for _, new in moved], removed=[old for old, _ in moved])


def _ends(plan: TablePlan, row: Row) -> list[Any]:
    return [row[end.position] for relation in plan.relations for end in (relation.owner, relation.target)]


def relate(maker: Maker, *, added: Sequence[Row], removed: Sequence[Row]) -> None:
    """Tell of through rows that came and went."""
    if added or removed:
        for relation in maker.plan.relations:
            _relate(maker, relation, added, removed)


def _relate(maker: Maker, relation: Relation, added: Sequence[Row], removed: Sequence[Row]) -> None:
    if is_disabled(relation.owner.model._meta.label):
        return
    owners = _keys(maker, relation.owner, (*added, *removed))
    targets = _keys(maker, relation.target, (*added, *removed))
    came = _by_owner(relation, added, owners, targets)
    went = _by_owner(relation, removed, owners, targets)
    found = Owners(maker.block.state, relation.owner, owners)
    for key in dict.fromkeys([*came, *went]):
        change = RelationChange(tuple(came[key]), tuple(went[key]))
        _tell(maker, relation, change, OwnerSubject(found, key))


def _keys(maker: Maker, end: End, rows: Iterable[Row]) -> dict[Any, Any]:
    """Return the primary keys at one end of rows, by what the rows hold; a row may hold nothing."""
    held = dict.fromkeys(row[end.position] for row in rows)
    values = {raw: maker.reader.value(end.position, raw) for raw in held if raw is not None}
    if end.column is None:
        return values
    using = maker.block.state.connection.alias
    wanted = {f"{end.column}__in": list(values.values())}
    pks = dict(end.read._base_manager.using(using).filter(**wanted).values_list(end.column, "pk"))
    return {raw: pks.get(value, value) for raw, value in values.items()}


def _by_owner(
    relation: Relation, rows: Iterable[Row], owners: Mapping[Any, Any], targets: Mapping[Any, Any]
) -> defaultdict[Any, list[Any]]:
    found: defaultdict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        owner, target = row[relation.owner.position], row[relation.target.position]
        if owner is not None and target is not None:
            found[owners[owner]].append(targets[target])
    return found


def _tell(maker: Maker, relation: Relation, change: RelationChange, subject: OwnerSubject) -> None:
    stored = {"added": list(map(encode, change.added)), "removed": list(map(encode, change.removed))}
    maker.append(
        model=relation.owner.model,
        action=Action.UPDATE,
        pk=subject.pk,
        changes={relation.name: change},
        encoded={relation.name: stored},
        subject=subject,
        source="relation",
        recorded=relation.recorded,
        relation=relation.name,
    )
