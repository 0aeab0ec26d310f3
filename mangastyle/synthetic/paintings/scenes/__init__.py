"""Scenes for painters: colors, regions and directions, which strokes or stones follow."""
