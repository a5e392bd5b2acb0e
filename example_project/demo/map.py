"""What the signal map says at the end of the story, compared with what was planted in the lab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse

from example_project.blog.signals import touch_post
from example_project.lab.signals import OutOfPaper, print_label, warm_replies, warm_topic, weigh

from .visitor import Visitor

MAP = "admin:signals_audit_receiverstatistics_changelist"


def lab_findings(visitor: Visitor) -> dict[str, bool]:
    """Return what the pages of the map found, and whether it is what was planted."""
    slowest, failing, loops = (
        [one.figures for one in visitor.read(address(tab=tab))["found"]]
        for tab in ("slowest", "failing", "loops")
    )
    slow, failed = (figures[0].totals if figures else None for figures in (slowest, failing))
    return {
        f"the slowest receiver is {slow and slow.receiver}": slow is not None
        and slow.receiver == path(weigh)
        and slow.slow == slow.calls,
        f"what fails is {failed and failed.receiver}": failed is not None
        and [figures.totals.receiver for figures in failing] == [path(print_label)]
        and OutOfPaper.__name__ in failed.last_traceback,
        f"what loops is {loops[0].totals.last_loop if loops else None}": sorted(
            figures.totals.receiver for figures in loops
        )
        == [path(warm_replies), path(warm_topic)],
    }


def life_of_a_comment(visitor: Visitor) -> dict[str, bool]:
    """Return whether the map knows what runs when a comment is saved."""
    stages = visitor.read(address(tab="models", model="blog.BlogComment"))["stages"]
    names = [stage.name for stage in stages]
    heard = {row.line.name for stage in stages for row in stage.rows}
    in_order = [name for name in names if name in ("pre_save", "post_save", "changes_committed")]
    return {
        "a comment's life is drawn from pre_save to changes_committed": in_order
        == ["pre_save", "post_save", "changes_committed"]
        and path(touch_post) in heard
    }


def address(**query: Any) -> str:
    """Return the address of a page of the map."""
    return reverse(MAP, query=query)


def path(function: Callable[..., Any]) -> str:
    """Return the dotted path of a function."""
    return f"{function.__module__}.{function.__qualname__}"
