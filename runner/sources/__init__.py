"""Secret sources: where `env.NAME` looks for what the environment does not have. Each kind has a file and a line in `table.py`."""
