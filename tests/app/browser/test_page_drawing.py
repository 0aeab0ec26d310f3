"""What the hand does on the page, in detail: pens and palms, masks, sampling, steps to undo."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.app

FACE, SHIRT = (0.5, 0.47), (0.5, 0.85)  # of the sample "figure"
RED, BLUE = "#d62020", "#2040d0"


def read_mask(url: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8), cv2.IMREAD_GRAYSCALE)


def choose_painting(desk: Any, tile: int = 1) -> None:
    desk.page.click("#tab-style")
    desk.page.click(f".gallery .tile >> nth={tile}")
    desk.colored()


def test_a_straight_stroke_keeps_its_taper(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("b")
    places = [desk.at(x, 0.85) for x in np.linspace(0.4, 0.6, 9)]
    pressures = [*np.linspace(0.1, 1, 5), *np.linspace(1, 0.1, 5)[1:]]
    moves = [("pointermove", *place, float(pressure)) for place, pressure in zip(places, pressures)]
    desk.point("pen", ("pointerdown", *moves[0][1:]), *moves[1:], ("pointerup", *places[-1], 0))
    (stroke,) = desk.doc["strokes"]
    assert max(point[2] for point in stroke["points"]) == 1, "its thick middle is not simplified away"
    desk.colored()
    (line,) = desk.server.session.requests[-1][1]["hint"]["lines"]
    assert 0.35 * stroke["width"] < line["width"] < 0.9 * stroke["width"], "the hint has its mean width"


OPACITY = """([x, y]) => {
  const overlay = document.querySelector('.overlay'), box = overlay.getBoundingClientRect(), one = document.createElement('canvas');
  const context = one.getContext('2d', { willReadFrequently: true });
  context.drawImage(overlay, (x - box.x) * devicePixelRatio, (y - box.y) * devicePixelRatio, 1, 1, 0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data[3];
}"""


def test_strokes_do_not_lie_on_a_picture_that_is_looked_at(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("b")
    desk.stroke((0.4, 0.85), (0.6, 0.85))
    place = desk.at(0.5, 0.85)
    for panel, opacity in (("colors", 255), ("style", 0), ("light", 255), ("save", 0)):
        desk.page.click(f"#tab-{panel}")
        desk.wait_for(lambda opacity=opacity: desk.page.evaluate(OPACITY, place) == opacity, f"opacity {opacity} at {panel}")


def test_a_palm_does_nothing_while_the_pen_draws(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("b")
    (x0, y0), (x1, y1) = desk.at(0.4, 0.85), desk.at(0.6, 0.85)
    before = desk.see("[m.view.x, m.view.y, m.view.scale]")
    desk.point("touch", ("pointerdown", x0 + 40, y0 + 40, 0.5), id=3)  # before the pen
    desk.point("pen", ("pointerdown", x0, y0, 0.5), ("pointermove", (x0 + x1) / 2, y0, 0.5))
    desk.point("touch", ("pointermove", x0 + 90, y0 + 90, 0.5), id=3)
    desk.point("touch", ("pointerdown", x0, y0 + 60, 0.5), ("pointermove", x0 + 70, y0 + 60, 0.5), id=4)  # and after
    desk.point("pen", ("pointermove", x1, y1, 0.5), ("pointerup", x1, y1, 0))
    assert len(desk.doc["strokes"]) == 1
    assert desk.see("[m.view.x, m.view.y, m.view.scale]") == before


def test_a_stroke_ends_where_its_pointer_is_lost(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("b")
    (x0, y0), (x1, y1) = desk.at(0.4, 0.85), desk.at(0.6, 0.85)
    desk.point("mouse", ("pointerdown", x0, y0, 0.5), ("pointermove", x1, y1, 0.5), ("lostpointercapture", x1, y1, 0.5))
    desk.point("mouse", ("pointermove", x0, y0, 0.5), ("pointerup", x0, y0, 0))
    assert not desk.doc["strokes"] and desk.see("m.desk.stage.live") is None


def test_a_fast_bucket_skips_no_region(desk: Any) -> None:
    desk.open_sample()
    desk.take(RED)
    start, end = desk.at(0.5, 0.85), desk.at(0.5, 0.1)  # the shirt, the neck, the mouth, the face, the hair
    desk.page.mouse.move(*start)
    desk.page.mouse.down()
    desk.page.mouse.move(*end, steps=1)
    desk.page.mouse.up()
    assert len(desk.doc["fills"]) >= 4
    desk.page.keyboard.press("Control+z")
    assert not desk.doc["fills"], "in one step"


def test_a_click_before_the_regions_are_known_says_so(desk: Any) -> None:
    desk.open()
    with desk.held("**/labels*"):
        desk.page.click("[data-sample=figure]")
        desk.until("m.studio.session")
        desk.click(*SHIRT)
        assert desk.page.inner_text(".message") == "The regions are still being found"
    desk.colored()


def test_the_eyedropper_takes_from_any_layer(desk: Any) -> None:
    desk.open_sample()
    desk.take(RED)
    desk.click(*SHIRT)
    desk.colored()
    desk.page.keyboard.press("i")
    assert desk.page.locator(".options option").count() == 8
    for source, expected in (("flat", [214, 32, 32]), ("line", [255, 255, 255]), ("original", [255, 255, 255])):
        desk.page.select_option(".options select", source)
        desk.click(*SHIRT)
        color = desk.see("m.ui.get('color')")
        assert [int(color[i : i + 2], 16) for i in (1, 3, 5)] == expected, source
    for source in ("shading", "highlights", "regions"):
        desk.take("#010203")
        desk.page.select_option(".options select", source)
        desk.click(*SHIRT)
        assert desk.see("m.ui.get('color')") != "#010203", source
    desk.take("#010203")
    desk.page.select_option(".options select", "style")
    desk.click(*SHIRT)
    assert desk.see("m.ui.get('color')") == "#010203" and "not there yet" in desk.page.inner_text(".message")


def test_a_mask_that_begins_with_the_eraser_is_everywhere_else(desk: Any) -> None:
    desk.open_sample()
    choose_painting(desk)
    desk.page.click("text=Paint where")
    desk.page.keyboard.press("e")
    desk.stroke((0.3, 0.3), (0.7, 0.3))
    desk.colored()
    mask = read_mask(desk.server.session.requests[-1][1]["paintings"][0]["mask"])
    height, width = mask.shape
    assert mask[round(0.3 * height), width // 2] == 0 and mask[round(0.7 * height), width // 2] == 255
    desk.page.keyboard.press("b")
    desk.stroke((0.4, 0.3), (0.6, 0.3))
    desk.colored()
    mask = read_mask(desk.server.session.requests[-1][1]["paintings"][0]["mask"])
    assert mask[round(0.3 * height), width // 2] == 255


def test_another_tool_or_undo_ends_the_painting_of_a_mask(desk: Any) -> None:
    desk.open_sample()
    choose_painting(desk)
    desk.page.click("text=Paint where")
    desk.page.keyboard.press("g")
    assert desk.see("m.ui.get('maskOf')") is None
    desk.page.click("text=Paint where")
    assert desk.see("m.ui.get('maskOf')") is not None
    desk.page.keyboard.press("Control+z")  # the painting is no longer chosen
    assert desk.see("m.ui.get('maskOf')") is None


def test_several_paintings_have_weights(desk: Any) -> None:
    desk.open_sample()
    choose_painting(desk)
    desk.page.click("text=Mix several paintings")
    choose_painting(desk, 2)
    desk.page.locator(".mix-row input[type=range]").first.focus()
    desk.page.keyboard.press("ArrowLeft")
    desk.colored()
    weights = [painting["weight"] for painting in desk.server.session.requests[-1][1]["paintings"]]
    assert weights == [pytest.approx(0.95), 1]


def test_the_fast_method_does_not_wait_for_a_slow_one(desk: Any) -> None:
    desk.open_sample()
    choose_painting(desk)
    desk.page.click("text=Polish")
    desk.page.click(".stack .primary")
    desk.until("m.studio.jobs.get('style')?.done")
    desk.page.click(".choice button:text-is('At once')")
    desk.page.wait_for_timeout(600)
    assert desk.server.session.requests[-1][1]["method"] == "onepass"
    desk.colored()


def test_what_changes_nothing_is_no_step(desk: Any) -> None:
    desk.open_sample()
    desk.page.click("#tab-light")
    desk.page.click("#panel-light .choice button[aria-checked=true] >> nth=0")
    assert not desk.see("m.studio.history.canUndo")
    desk.page.click("#panel-light .choice button[aria-checked=false] >> nth=0")
    assert desk.see("m.studio.history.canUndo")


def test_a_palette_follows_the_swatches(desk: Any) -> None:
    desk.open_sample()
    desk.page.click("text=Color everything in these colors")
    assert len(desk.doc["palette"]) == 20
    desk.see("m.ui.set('swatches', ['#112233', '#445566'])")
    assert desk.doc["palette"] == ["#112233", "#445566"]


def test_a_reference_gives_colors_by_keyboard(desk: Any, tmp_path: Any) -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:, 20:] = (60, 30, 200)  # blue, green, red
    cv2.imwrite(str(tmp_path / "reference.png"), picture)
    desk.open_sample()
    with desk.page.expect_file_chooser() as chooser:
        desk.page.click("text=Add a reference")
    chooser.value.set_files(tmp_path / "reference.png")
    desk.until("document.querySelector('.reference canvas')?.width === 40")
    desk.page.focus(".reference canvas")
    desk.page.keyboard.press("ArrowRight")
    assert desk.see("m.ui.get('color')") == "#c81e3c"
    for _ in range(3):
        desk.page.keyboard.press("ArrowLeft")
    assert desk.see("m.ui.get('color')") == "#000000"


def test_keys_zoom_to_the_pointer(desk: Any) -> None:
    desk.open_sample()
    x, y = map(round, desk.at(0.3, 0.7))
    desk.page.mouse.move(x, y)
    before = desk.see("m.desk.stage.hovered")
    desk.page.keyboard.press("+")
    assert np.allclose(desk.at(before[0] / 512, before[1] / 640), (x, y), atol=0.01)
    desk.page.mouse.wheel(0, 40)
    desk.page.wait_for_timeout(100)
    top = desk.page.locator(".overlay").bounding_box()["y"]
    assert desk.see("m.view.toScreen(...m.desk.stage.hovered)[1]") == pytest.approx(y - top, abs=0.01), "the brush stays at the pointer"


def test_the_escape_key_closes_one_thing_at_a_time(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("l")
    desk.stroke((0.3, 0.35), (0.7, 0.35), (0.7, 0.52), (0.3, 0.52))
    count = len(desk.see("m.ui.get('selection')"))
    assert count
    desk.page.click("text=Suggest")
    desk.until("document.querySelectorAll('.popup .suggestion').length > 1")
    desk.page.keyboard.press("Escape")
    assert not desk.page.is_visible(".popup") and len(desk.see("m.ui.get('selection')")) == count
    assert desk.page.evaluate("() => document.activeElement.className").startswith("overlay"), "the keyboard goes on at the picture"
    desk.page.keyboard.press("Escape")
    assert not desk.see("m.ui.get('selection').length")
    desk.page.keyboard.press("b")
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("ArrowDown")
    assert desk.see("m.desk.stage.live") is None and not desk.doc["strokes"], "a brush that was put down by a key is taken up"


def test_the_command_comes_with_its_files(desk: Any) -> None:
    desk.open_sample()
    desk.click(*SHIRT)
    choose_painting(desk)
    desk.page.click("#tab-save")
    desk.page.click("text=Show as a command")
    desk.until("document.querySelectorAll('.command').length && !document.querySelector('.command').parentElement.hidden")
    names = desk.page.locator("#panel-save .small").all_inner_texts()
    assert names == ["…-hint.json", "painting 2-painting.png"]
    with desk.page.expect_download() as download:
        desk.page.click("#panel-save .small >> nth=1")
    assert download.value.suggested_filename == "painting 2-painting.png"


def test_who_saves_twice_gets_one_file(desk: Any) -> None:
    desk.open_sample()
    desk.server.studio.delay = 0.3
    desk.click(*SHIRT)  # the lane is busy, so that the first of both files is replaced before its turn
    desk.page.click("#tab-save")
    files: list[str] = []
    desk.page.on("download", lambda download: files.append(download.suggested_filename))
    desk.page.dblclick("#panel-save .primary")
    desk.wait_for(lambda: files, "a file is saved")
    desk.colored()
    desk.page.wait_for_timeout(300)
    assert len(files) == 1 and len([kind for kind, _ in desk.server.session.requests if kind == "export"]) == 2


def test_lines_are_seen_from_the_beginning(desk: Any) -> None:
    desk.open()
    with desk.held("**/pictures/line*"):
        with desk.held("**/pictures/shading*"):
            desk.page.click("[data-sample=figure]")
            desk.until("m.studio.session")
            assert dark_pixels(desk) > 1000, "before anything is colored"
        desk.until("m.studio.pictures.labels")
        assert dark_pixels(desk) > 1000, "before the layer of the lines has come"
    desk.colored()
    assert dark_pixels(desk) > 1000


def dark_pixels(desk: Any) -> int:
    """How much of what is shown is as dark as lines."""
    return desk.see("""(() => {
      const { data } = m.desk.stage.compose().getContext('2d').getImageData(0, 0, 512, 640);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) count += data[i] + data[i + 1] + data[i + 2] < 120;
      return count;
    })()""")
