"""Pictures made by programs: manga characters with true line art and flat colors, and paintings to copy the style of."""
