"""Drivers send one request and return one response. They follow no redirects, and have no cookies, credentials or retries."""
