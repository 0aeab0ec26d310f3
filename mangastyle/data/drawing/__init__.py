"""How the drawn characters are made: curves, canvas, and one file for each part of the picture."""
