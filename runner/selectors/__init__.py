"""Selectors: what `extract` takes out and what `expect` judges. One file a kind, one line each in `table.py`."""
