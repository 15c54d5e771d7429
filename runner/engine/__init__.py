"""The engine: generators that yield effects and are sent their replies. Does no I/O, knows no driver and no reporter."""
