"""Files to pixels: what surrounds the pixels never decides whether they are read, and no number is read as another one."""
