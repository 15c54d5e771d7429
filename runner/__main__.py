"""`python -m runner` is `runflow`."""

from runner.cli import main

if __name__ == "__main__":
    main()
