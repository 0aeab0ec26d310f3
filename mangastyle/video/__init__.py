"""Clips: coloring and painting that hold from frame to frame."""
