"""From a Document to a Plan: everything compiled, every mistake found, before the first request. Sends nothing."""
