"""Second stage: line art and color hints to shaded color, by a conditional GAN's generator (paper, section 4.2)."""
