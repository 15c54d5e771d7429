"""The name and version of the distribution, and where to report bugs. `runflow --version` and the User-Agent show the version."""

__version__ = "0.1.0"

DISTRIBUTION = "runflow-http"
"""The name to install. The distribution `runflow` on the package index belongs to somebody else."""

REPORT_BUGS_TO = f"the maintainers of your copy of {DISTRIBUTION}"
"""Where to report bugs. There is no public repository yet."""
