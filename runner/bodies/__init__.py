"""Request bodies. One small file a kind, one line each in `table.py`."""
