"""Execution: runs the selected runs, several at a time, in an order that reports keep. Writes nothing."""
