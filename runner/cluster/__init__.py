"""Performs the runs of a suite on other machines: packs and sends them, and returns their events."""
