"""`python -m runflow` is `runflow`."""

from .cli import main

if __name__ == "__main__":
    main()
