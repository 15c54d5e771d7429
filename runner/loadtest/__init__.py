"""Load tests: the same workflows as users of Locust."""
