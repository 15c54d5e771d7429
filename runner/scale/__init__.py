"""Past one machine: the same workflows as load, on Locust."""
