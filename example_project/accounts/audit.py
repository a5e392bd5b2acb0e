"""What follows from changes of accounts. That `auth.User` is audited is said in the settings."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from signals_audit import ChangeEvent, on_change
from signals_audit.reactions import notify


@on_change("auth.User", "email")
def warn_owner_of_new_address(event: ChangeEvent) -> None:
    """Tell a user when somebody else changed the address; the addresses stay out of the message."""
    user = get_user_model().objects.filter(pk=event.pk).first()
    if user is not None:
        notify([user], verb=_("changed your e-mail address"), actor=event.actor, target=user)
