"""Django's signals: they bring the instance and the intention, the choke point brings the truth.

`pre_delete`, `post_delete` and `m2m_changed` are connected only where a hook needs them: a delete receiver takes
Django's fast delete away from a model, and an m2m receiver costs every `add()` a query.
"""

from __future__ import annotations
