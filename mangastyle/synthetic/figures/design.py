"""Traits of a figure that more than one part of the drawing needs, chosen by its number."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from mangastyle.synthetic.characters.design import Design as Head
from mangastyle.synthetic.characters.design import between, pick
from mangastyle.synthetic.characters.design import design as head_of
from mangastyle.synthetic.figures import poses
from mangastyle.synthetic.figures.palettes import Palette, palette
from mangastyle.synthetic.figures.sheet import Thing

PARTS = (
    "picture", "hand", "scene", "figure", "palette", "pose", "body", "tops", "bottoms", "over", "legs", "shoes", "sleeves", "hair", "props",
    "animals", "patterns", "trinkets", "profile", "wear",
)  # fmt: skip
TOPS = {
    "tee": 2, "shirt": 2, "sailor": 2.5, "hoodie": 1.5, "sweater": 1.5, "blazer": 1.8, "kimono": 1.0, "dress": 2.6, "vest": 1.2,
    "armor": 0.8, "coat": 1.2, "camisole": 1.0, "maid": 1.2,
}  # fmt: skip
MENS_TOPS = {
    "tee": 2,
    "shirt": 2,
    "hoodie": 2,
    "sweater": 1.5,
    "blazer": 2,
    "gakuran": 1.2,
    "kimono": 0.8,
    "armor": 1.2,
    "coat": 2,
    "vest": 1,
}
BOTTOMS = {"pleated": 3, "flared": 2, "long skirt": 1.2, "shorts": 1.4, "trousers": 1.4, "tiered": 1.0}
MENS_BOTTOMS = {"trousers": 4, "shorts": 1}
OWN_BOTTOMS = {"dress": ("flared", "tiered", "long skirt"), "maid": ("flared",), "kimono": ("robe",), "sailor": ("pleated",)}
OVERS = {"none": 6, "cape": 1.2, "scarf": 1, "apron": 0.6, "shawl": 0.5, "backpack": 0.5, "wings": 0.4}
SLEEVES = {"short": 2, "long": 3, "puff": 1.4, "none": 0.8, "wide": 0.7, "detached": 0.5}
OWN_SLEEVES = {"kimono": "wide", "hoodie": "long", "sweater": "long", "blazer": "long", "coat": "long", "gakuran": "long", "maid": "puff"}
LEGWEAR = {"none": 2.5, "knee socks": 2, "thigh highs": 2, "socks": 1.5, "tights": 1}
SHOES = {"loafers": 2.5, "boots": 2, "sneakers": 2, "heels": 1, "barefoot": 0.6, "tall boots": 1}
PROPS = {
    "none": 7, "sword": 1, "staff": 1, "book": 0.8, "umbrella": 0.9, "bag": 1, "flower": 0.6, "lollipop": 0.5, "balloon": 0.5, "fan": 0.4,
    "plush": 0.8, "cup": 0.4,
}  # fmt: skip
PROFILES = 0.13  # share of the heads that are seen from the side
NARROW = ("run", "jump", "sit", "sit crossed", "lifted", "stride", "apart")  # poses that a long skirt hinders
HATS = {
    "none": 8,
    "witch hat": 0.7,
    "crown": 0.5,
    "halo": 0.4,
    "horns": 0.5,
    "ears": 1.0,
    "big bows": 0.8,
    "cap": 0.5,
    "maid": 0.3,
    "hood": 0.6,
}
HAIR = {"own": 4, "long strands": 3, "very long": 2, "twin tails": 2, "ponytail": 1.6}


def generator(seed: int, part: str, index: int = 0) -> np.random.Generator:
    """The random numbers of one part of the picture `seed`, or of its figure number `index`; no part of a character has the same."""
    return np.random.Generator(np.random.Philox(key=seed, counter=(64 + 64 * index + PARTS.index(part)) << 128))


@dataclass(frozen=True)
class Figure:
    """One figure. Lengths are in units of half a face's width; x to the right, y down, (0, 0) between the eyes."""

    seed: int
    index: int
    head: Head
    colors: Palette
    body: poses.Skeleton
    pose: str
    arms: dict[int, poses.Arm]
    top: str
    bottom: str
    over: str
    sleeve: str
    legwear: str
    shoes: str
    prop: str
    hair: str
    hat: str
    profile: int  # 1 or -1: the head is seen from the side and looks to the right or left
    wind: float  # how far loose things drift to the right, -1..1

    def random(self, part: str) -> np.random.Generator:
        """A stream of random numbers of its own for each part."""
        return generator(self.seed, part, self.index)

    def thing(self, part: str, tones: str) -> Thing:
        """A thing in one of the figure's colors."""
        return Thing(part, getattr(self.colors, tones))

    @property
    def skin(self) -> Thing:
        return self.thing("skin", "skin")

    @property
    def masculine(self) -> bool:
        return self.head.masculine


def design(seed: int, index: int, light: tuple[float, float]) -> Figure:
    """The figure number `index` of the picture that `seed` stands for."""
    rng = generator(seed, "figure", index)
    colors = palette(generator(seed, "palette", index))
    head = head_of(int(rng.integers(2**62)))
    heads = float(np.clip(rng.normal(6.2, 0.6), 5, 7.4)) if rng.random() < 0.72 else between(rng, 2.3, 4.6)
    turn = between(rng, -0.34, 0.34)
    chibi = heads < 4.7
    head = dataclasses.replace(
        head, skin=colors.skin, hair=colors.hair, eye=colors.eye, cloth=colors.cloth, second=colors.second, accent=colors.accent,
        dark_side=-1 if light[0] > 0 else 1, tilt=float(np.clip(rng.normal(0, 0.09), -0.24, 0.24)), turn=turn,
        age=min(head.age, 0.35) if chibi else head.age,
    )  # fmt: skip
    tops = MENS_TOPS if head.masculine else TOPS
    top = pick(rng, tops)
    bottom = pick(rng, MENS_BOTTOMS if head.masculine else BOTTOMS)
    if top in OWN_BOTTOMS:
        own = OWN_BOTTOMS[top]
        bottom = own[int(rng.integers(len(own)))]
    prop = pick(rng, PROPS)
    pose, arms, body = _pose(generator(seed, "pose", index), heads, head, prop, bottom)
    hair = "own" if head.masculine or head.back in ("crop", "spiky", "buns", "braids") else pick(rng, HAIR)
    if hair != "own":
        head = dataclasses.replace(head, back="gathered", headgear="pins" if head.headgear in ("beret", "cat ears") else head.headgear)
    hat = pick(rng, HATS)
    if top == "maid":
        hat = "maid"
    if hat != "none":
        head = dataclasses.replace(head, headgear="none")
    profile = int(np.sign(turn)) if generator(seed, "profile", index).random() < PROFILES else 0
    if profile:
        hat, head = "none", dataclasses.replace(head, headgear="none", glasses=False, turn=0.34 * profile, tilt=0.6 * head.tilt)
    sleeve = OWN_SLEEVES.get(top) or pick(rng, SLEEVES)
    legwear, shoes = pick(rng, LEGWEAR), pick(rng, SHOES)
    if head.masculine:
        sleeve, legwear = ("long" if sleeve in ("puff", "detached", "none") else sleeve), "socks"
        shoes = "sneakers" if shoes in ("heels", "barefoot", "tall boots") else shoes
    return Figure(
        seed, index, head, colors, body, pose, arms, top, bottom, pick(rng, OVERS), sleeve, legwear, shoes, prop, hair, hat, profile,
        between(rng, -1, 1),
    )  # fmt: skip


def _pose(rng: np.random.Generator, heads: float, head: Head, prop: str, bottom: str):
    """Name of the legs' pose, both arms, and the skeleton."""
    build = poses.build(heads, head.masculine, 0.0 if head.masculine else between(rng, 0.2, 1.0))
    pose = pick(rng, {name: weight for name, (_, weight) in poses.LEGS.items()})
    if bottom in ("robe", "long skirt") and pose in NARROW:
        pose = "together"
    names = [pick(rng, {name: weight for name, (_, weight) in poses.ARMS.items()}) for _ in range(2)]
    if names[0] in ("chin", "chest", "hair", "peace") and names[1] == names[0]:
        names[1] = "loose"
    if rng.random() < 0.25:
        names[1] = names[0] if names[0] not in ("chin", "hair", "chest") else names[1]
    shake = rng.uniform(-6, 6, (4, 2))
    arms, legs = {}, {}
    order = (-1, 1) if rng.random() < 0.5 else (1, -1)
    for i, side in enumerate(order):
        a, l = poses.ARMS[names[i]][0], poses.LEGS[pose][0][i]
        arms[side] = a._replace(upper=a.upper + shake[i, 0], fore=a.fore + shake[i, 1])
        legs[side] = l._replace(thigh=l.thigh + 0.35 * shake[2 + i, 0], shin=l.shin + 0.35 * shake[2 + i, 1])
    if prop != "none":
        hold = pick(rng, {"raised": 2, "low": 2, "front": 1, "side": 1}) if prop not in ("bag", "plush", "umbrella") else "raised"
        arms[order[0]] = poses.HOLDS["low" if prop == "bag" else hold]
        if prop == "plush":
            arms = {-1: poses.HUG, 1: poses.HUG}
    lean, sway = between(rng, -5, 5), between(rng, -6, 6) if pose != "weight" else 7.0 * order[0]
    if head.masculine:
        sway *= 0.4
    return pose, arms, poses.skeleton(build, arms, legs, lean, 0.6 * head.turn + between(rng, -0.2, 0.2), sway)
