"""The version: of the distribution, of `runflow --version`, and in the User-Agent."""

__version__ = "0.1.0"
