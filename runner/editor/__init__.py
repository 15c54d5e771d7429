"""Supports editors over the Language Server Protocol. Sends no request itself: it starts `runflow run` for that."""
