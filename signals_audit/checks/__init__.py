"""System checks: what is wrong with the settings and declarations, and what the log cannot see.

Importing this package registers them. Their ids are stable:

* E001 unknown setting, E002 unknown model, E003 unknown field, E004 value of the wrong type, E005 path that
  leads nowhere, E006 settings that are no dict, E007 hook that cannot run, E008 triggers on a database
  that has none of ours, E009 nothing that hands over tasks, E010 hooks that cannot be told apart,
  E011 channel on which nobody can be told, E012 signal that there is not;
* W001 middleware missing, W002 middleware before authentication, W003 field that may hold a secret, W005
  database without the log's tables. W004 is not used any more;
* W008 triggers missing, out of date, left over or not possible (asked of databases), W009 field that triggers
  spell in another way, W014 rows that a foreign key changes without triggers;
* W015 parts of Django that another package has replaced, W016 model with triggers that is not managed, W017
  many-to-many rows without triggers, W018 entries that a database cannot make (asked of databases);
* W019 to W024 (deploy), holes that were chosen: nothing recorded, raw SQL unnoticed, values before from
  memory, statements without entries, what fires no triggers, other triggers (asked of databases);
* W010 entries in the spool, W011 entries that this process could not write, W012 (deploy) spool in a
  temporary folder, W013 raw SQL of this process that wrote to audited tables, W028 hooks of this process that
  failed after COMMIT and are not tried again;
* W025 hook that runs as a task where there are no tasks, W026 deliveries that have failed, W027 deliveries
  that nobody makes (both asked of databases);
* W029 no table for what is measured of receivers, W030 receivers that fail or loop (both asked of databases);
* W031 to W035, receivers of any signal: connected twice, gone, without **kwargs, of every model's deletes, of
  every many-to-many field.
"""

from __future__ import annotations

from . import (
    blindspots,
    channels,
    chosen,
    delivery,
    fields,
    labels,
    middleware,
    reactions,
    replaced,
    sets,
    shapes,
    signals,
    tracing,
    triggered,
    unwritten,
)

__all__ = [
    "blindspots",
    "channels",
    "chosen",
    "delivery",
    "fields",
    "labels",
    "middleware",
    "reactions",
    "replaced",
    "sets",
    "shapes",
    "signals",
    "tracing",
    "triggered",
    "unwritten",
]
