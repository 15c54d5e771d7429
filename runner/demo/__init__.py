"""The demo API: something to try workflows on, embedded. Knows nothing of the runner."""
