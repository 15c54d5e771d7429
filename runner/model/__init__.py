"""What the rooms say to each other: exchanges, errors, events, results, the Protocols of the kinds. Knows no room."""
