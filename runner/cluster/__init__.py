"""Clusters: sends runs to other machines, and brings their events back."""
