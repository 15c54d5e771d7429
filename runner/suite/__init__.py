"""Suites: which files, which runs of each, in what order, and what stops them."""
