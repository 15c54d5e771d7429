"""Workflows in an editor, over the Language Server Protocol. Sends no request; knows no command line."""
