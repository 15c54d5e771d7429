"""Matchers: the operators of `expect`. One small file a family, one line each in `table.py`."""
