"""The audited lifecycle signals: sent for every write form, with the truth of the database.

`object_created`, `object_changed`, `object_deleted` and `relation_changed` are sent inside the transaction
of the change, after its entry was written, with

* `sender`: the model class,
* `event`: the `ChangeEvent`.

A receiver that raises undoes the change. `changes_captured` is sent there, too, and can undo as much, but it
is sent once for all that a statement did to a model (for a large one, some thousand rows at a time), with

* `sender`: the model class,
* `events`: the `ChangeEvent`s, in order,
* `using`: the database alias.

`changes_committed` is sent once after COMMIT, with

* `sender`: None,
* `events`: all `ChangeEvent`s of the transaction that were kept, in order,
* `using`: the database alias.

An error of its receivers is logged and reaches nobody else.
"""

from __future__ import annotations

from django.dispatch import Signal

object_created = Signal()
object_changed = Signal()
object_deleted = Signal()
relation_changed = Signal()
changes_captured = Signal()
changes_committed = Signal()
