"""The types that all packages share: exchanges, errors, events, results, and the Protocols of the kinds."""
