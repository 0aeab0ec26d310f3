"""Metrics of generated pictures beside their originals, of pairs and of sets, and their reports."""
