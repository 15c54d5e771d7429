"""Selectors: find the values that `extract` stores and `expect` checks. Each kind has a file and a line in `table.py`."""
