"""Secret sources: where `env.NAME` finds what the environment does not have. One small file a kind, one line each in `table.py`."""
