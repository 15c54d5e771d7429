"""Drivers perform effects: one request, one response. No redirects, no cookies, no credentials, no second try."""
