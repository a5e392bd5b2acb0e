"""Billing profiles are audited; they come into being through AUTO_CREATE in the settings."""

from __future__ import annotations

from signals_audit import register

register("billing.BillingProfile")

# The tutorial also has save_billing_profile(), which saves the profile whenever its user is saved. It is
# replaced: a log-in saves the user (last_login), so it would write the profile at every log-in, and it would
# refuse the log-in of any user older than this app, who has no profile. Such a user gets one when it is first
# needed, from profiles.profile_of().
