"""The engine: runs workflows as generators that yield effects and are sent the replies. Does no I/O."""
