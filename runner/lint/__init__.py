"""Finds problems in valid workflows: rules that check plans. Does no I/O."""
