"""Reads a workflow file into a Document: strict YAML with source positions, and the structs that define the language."""
