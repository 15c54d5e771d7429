"""Matchers: the operators of `expect`. Each has a class here and a line in `table.py`."""
