from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from example_project.requests import SignedInRequest

from .experiments import EXPERIMENTS


@login_required
@require_GET
def bench(request: SignedInRequest) -> HttpResponse:
    """Show the experiments."""
    return render(request, "lab/bench.html", {"experiments": EXPERIMENTS})


@login_required
@require_POST
def perform(request: SignedInRequest, name: str) -> HttpResponse:
    """Do one of the experiments, and say what came of it."""
    if name not in EXPERIMENTS:
        raise Http404(_("There is no such experiment."))
    messages.success(request, EXPERIMENTS[name].perform())
    return redirect("lab:bench")
