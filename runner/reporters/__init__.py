"""Reporters: everything that writes. Each takes masked events and knows no other."""
