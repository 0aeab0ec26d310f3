"""A person: all its parts in the order in which they cover each other."""

from __future__ import annotations

import math

import numpy as np

from mangastyle.synthetic.characters import accessories, back_hair, face, hair
from mangastyle.synthetic.characters.face import WHITE_OF_EYE
from mangastyle.synthetic.figures import body, bottoms, feet, headwear, overs, profiles, props, sleeves, tops, tresses, trinkets
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.sheet import BODY_PEN, HEAD_PEN, Sheet, Thing

NECK = 1.0  # height of the joint about which the head tilts


def draw(sheet: Sheet, figure: Figure) -> None:
    """Draw a figure; the unit of the sheet is half the width of its face, and (0, 0) is between its eyes."""
    head, colors, sheet = figure.head, figure.colors, sheet.finer(BODY_PEN)
    sheet.known = {
        colors.skin.base: figure.skin, colors.hair.base: Thing("hair", colors.hair),
        colors.eye: Thing("eye", colors.white._replace(base=colors.eye)),
        WHITE_OF_EYE: Thing("eye white", colors.white._replace(base=WHITE_OF_EYE)),
        colors.accent.base: Thing("accent", colors.accent), colors.second.base: Thing("second", colors.second),
        colors.cloth.base: Thing("cloth", colors.cloth),
    }  # fmt: skip
    skull = sheet.moved(0, NECK, head.tilt).moved(0, -NECK)
    fine = skull.finer(HEAD_PEN)
    front = hair.Front(head)
    if figure.profile:
        tresses.draw_behind((skull if figure.profile > 0 else skull.mirrored()).moved(-0.42, 0), figure, front)
    else:
        headwear.draw_behind(skull, figure, front)
        tresses.draw_behind(skull, figure, front)
    overs.draw_behind(sheet, figure)
    if not figure.profile:
        back_hair.draw(fine, head, front)
    _arms(sheet, figure, "behind")
    bottoms.draw_back(sheet, figure)
    for side in (-1, 1):
        body.draw_leg(sheet, figure, side)
        feet.draw(sheet, figure, side)
    body.draw_torso(sheet, figure)
    if tops.over_bottom(figure):
        bottoms.draw(sheet, figure)
        tops.draw(sheet, figure)
    else:
        tops.draw(sheet, figure)
        bottoms.draw(sheet, figure)
    trinkets.draw_neck(sheet, figure)
    trinkets.draw_hips(sheet, figure)
    overs.draw_chest(sheet, figure)
    props.draw_hugged(sheet, figure)
    _arms(sheet, figure, "front")
    overs.draw_shoulders(sheet, figure)
    if figure.profile:
        profiles.draw(fine if figure.profile > 0 else fine.mirrored(), figure)
    else:
        _head(skull, fine, figure, front)
    _arms(sheet, figure, "over")


def _head(sheet: Sheet, fine: Sheet, figure: Figure, front: hair.Front) -> None:
    """The head from the front, with what it wears; `fine` is its sheet with a finer pen."""
    head = figure.head
    face.draw_head(fine, head, front.outline + (0.0, 0.14))
    face.draw_features(fine, head)
    accessories.draw_behind(fine, head, front)
    hair.draw_front(fine, head, front)
    hair.draw_ahoge(fine, head, front)
    back_hair.draw_braids(fine, head)
    face.draw_brows(fine, head)
    tresses.draw_locks(sheet, figure)
    accessories.draw(fine, head, front)
    trinkets.draw_hair(sheet, figure, front)
    headwear.draw(sheet, figure, front)


def _arms(sheet: Sheet, figure: Figure, layer: str) -> None:
    """The arms that lie on a layer, with their sleeves."""
    for side in (-1, 1):
        if figure.arms[side].layer == layer:
            body.draw_arm(sheet, figure, side)
            sleeves.draw(sheet, figure, side, tops.thing_of(figure))
            trinkets.draw_arms(sheet, figure, side)
            if side == props.hand_of(figure):
                props.draw(sheet, figure)
            body.draw_hand(sheet, figure, side)


def extent(figure: Figure) -> np.ndarray:
    """The box that holds the body: left, top, right, bottom in units."""
    skeleton = figure.body
    points = [np.array([(-1.35, -1.65), (1.35, 1.3)])]
    for limbs, room in ((skeleton.arms, 1.1), (skeleton.legs, 0.8)):
        for joints in limbs.values():
            end = np.array(joints[:3])
            points += [end - room * skeleton.build.limb * 0.5, end + room * skeleton.build.limb * 0.5]
            tip = joints[2] + room * skeleton.build.limb * np.array([math.sin(math.radians(joints[3])), math.cos(math.radians(joints[3]))])
            points.append(tip[None])
    every = np.concatenate(points)
    return np.concatenate([every.min(0), every.max(0)])
