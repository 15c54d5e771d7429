"""Compiles a document into a plan: everything is compiled, and every mistake reported, before the first request."""
