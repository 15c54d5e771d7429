"""Authentication: a token from its login to its logout, and what a 401 or 403 means. Does no I/O."""
