from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from example_project.billing.forms import BillingProfileForm
from example_project.billing.profiles import profile_of
from example_project.requests import SignedInRequest

from .forms import UserRegistrationForm, UserUpdateForm


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Make an account; its billing profile follows from the settings."""
    form = UserRegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Account created. You can log in now."))
        return redirect("accounts:login")
    return render(request, "accounts/register.html", {"form": form})


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """Show and save both forms: the account's and its billing profile's, in one transaction."""
    # A copy of request.user: a refused name must not show up in the page's header.
    user = User.objects.get(pk=request.user.pk)
    billing_profile = profile_of(user)
    picture_url = billing_profile.picture_url()
    user_form = UserUpdateForm(request.POST or None, instance=user)
    profile_form = BillingProfileForm(request.POST or None, request.FILES or None, instance=billing_profile)
    if request.method == "POST" and user_form.is_valid() and profile_form.is_valid():
        user_form.save()
        profile_form.save()
        messages.success(request, _("Account updated."))
        return redirect("accounts:profile")
    context = {"user_form": user_form, "profile_form": profile_form, "picture_url": picture_url}
    return render(request, "accounts/profile.html", context)
