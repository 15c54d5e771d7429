"""The report format: its schema, and how JSON and JSON Lines reports are written, read and stored."""
