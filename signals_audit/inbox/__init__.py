"""Pages for people's notifications: `path("notifications/", include("signals_audit.inbox.urls"))`.

The pages stand in `signals_audit/inbox/base.html`, which a project replaces by a template of that name with
the blocks `title`, `head` and `content`.
"""
