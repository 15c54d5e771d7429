"""The `requests` driver: one exchange at a time, on the calling thread."""
