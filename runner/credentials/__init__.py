"""Credentials: what authenticates a request. One small file a kind, one line each in `table.py`."""
