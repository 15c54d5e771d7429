"""The demo API: a small server inside runflow to try workflows with."""
