"""What covers the torso, by its name."""

from __future__ import annotations

from mangastyle.synthetic.figures import jackets, shirts
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.sheet import Sheet, Thing

LOOSE = ("hoodie", "sweater", "blazer", "coat", "gakuran")  # tops that hang over the lower garment; some of these do:
SOMETIMES = "tee"


def over_bottom(figure: Figure) -> bool:
    """Whether the top hangs over the lower garment."""
    return figure.top in LOOSE or (figure.top == SOMETIMES and shirts.hangs(figure))


def thing_of(figure: Figure) -> Thing:
    """The cloth of the top and its sleeves."""
    return figure.thing("white cloth", "white") if figure.top in ("maid", "vest") else figure.thing("cloth", "cloth")


def draw(sheet: Sheet, figure: Figure) -> None:
    """Draw the top over the torso."""
    DRAW[figure.top](sheet, figure, figure.random("tops"))


DRAW = {
    "tee": shirts.tee, "camisole": shirts.camisole, "shirt": shirts.shirt, "sailor": shirts.sailor, "hoodie": shirts.hoodie,
    "sweater": shirts.sweater, "dress": shirts.dress, "blazer": jackets.blazer, "coat": jackets.coat, "gakuran": jackets.gakuran,
    "kimono": jackets.kimono, "vest": jackets.vest, "maid": jackets.maid, "armor": jackets.armor,
}  # fmt: skip
