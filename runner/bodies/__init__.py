"""Request bodies. Each kind has a file and a line in `table.py`."""
