"""What a person does on the page, in a real browser."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.app

FACE, SHIRT, HAIR = (0.5, 0.47), (0.5, 0.85), (0.25, 0.4)  # of the sample "figure"
RED, BLUE = "#d62020", "#2040d0"


def test_a_sample_opens_and_is_colored(desk: Any) -> None:
    desk.open_sample()
    assert desk.page.title() == "figure – mangastyle"
    assert desk.see("m.studio.pictures.labels.count") == desk.server.session.labels["preview"].max() + 1
    assert desk.page.inner_text(".status .size") == "512 × 640"


def test_a_stroke_is_in_the_document_at_the_server_and_in_what_is_saved(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("b")
    desk.take(RED)
    desk.stroke((0.35, 0.85), (0.6, 0.9))
    (stroke,) = desk.doc["strokes"]
    assert stroke["color"] == RED and len(stroke["points"]) >= 2
    assert desk.flat(*SHIRT) == [214, 32, 32], "the page colors the region at once"
    desk.colored()
    (line,) = desk.server.session.requests[-1][1]["hint"]["lines"]
    assert line["color"] == RED and line["width"] >= 1
    desk.page.wait_for_timeout(1300)
    saved = [entry["is"] for entry in desk.server.session.state["history"]["pool"] if "is" in entry]
    assert stroke in saved


def test_a_pen_presses(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("b")
    places = [desk.at(x, 0.85) for x in (0.4, 0.5, 0.6)]
    down, *rest = [("pointermove", *place, pressure) for place, pressure in zip(places, (0.2, 0.5, 0.9))]
    events = [("pointerdown", *down[1:]), *rest, ("pointerup", *places[-1], 0)]
    desk.point("pen", *events)
    (stroke,) = desk.doc["strokes"]
    assert [len(point) for point in stroke["points"]] == [3] * len(stroke["points"])
    assert stroke["points"][0][2] == pytest.approx(0.2, abs=0.01)
    # From now on a finger moves the picture instead.
    before = desk.see("[m.view.x, m.view.y]")
    events = [("pointerdown", 500, 300, 0.5), ("pointermove", 540, 320, 0.5), ("pointerup", 540, 320, 0)]
    desk.point("touch", *events)
    assert len(desk.doc["strokes"]) == 1
    assert desk.see("[m.view.x, m.view.y]") == [before[0] + 40, before[1] + 20]


def test_the_bucket_fills_a_region_whole(desk: Any) -> None:
    desk.open_sample()
    desk.take(RED)
    desk.click(*FACE)
    desk.take(BLUE)
    desk.click(0.5, 0.5)
    assert [fill["color"] for fill in desk.doc["fills"]] == [BLUE], "the second fill replaces the first"
    assert desk.flat(*FACE) == [32, 64, 208]
    desk.colored()
    assert desk.flat(*FACE) == [32, 64, 208]
    assert desk.server.session.requests[-1][1]["hint"]["points"][0]["color"] == BLUE


def test_a_region_is_recolored_within_a_frame(desk: Any) -> None:
    desk.open_sample()
    took = desk.page.evaluate(
        """() => {
          const { desk } = window.mangastyle;
          const times = [];
          for (const color of ['#112233', '#445566', '#778899']) {
            const start = performance.now();
            desk.ui.set('color', color);
            desk.fill([[256, 560]]);
            desk.stage.drawNow();
            times.push(performance.now() - start);
          }
          return Math.min(...times);
        }"""
    )
    assert took < 30


def test_a_stroke_takes_over_from_a_fill_and_keeps_out_of_what_is_locked(desk: Any) -> None:
    desk.open_sample()
    desk.take(RED)
    desk.click(*SHIRT)
    desk.page.keyboard.press("b")
    desk.take(BLUE)
    desk.stroke((0.4, 0.85), (0.6, 0.9))
    assert not desk.doc["fills"] and len(desk.doc["strokes"]) == 1
    desk.page.keyboard.press("k")
    desk.click(*SHIRT)
    assert desk.doc["locks"][0]["color"] == BLUE
    desk.page.keyboard.press("g")
    desk.take(RED)
    desk.click(*SHIRT)
    assert not desk.doc["fills"] and "locked" in desk.page.inner_text(".message")
    desk.page.keyboard.press("b")
    desk.stroke((0.4, 0.8), (0.6, 0.8))
    assert len(desk.doc["strokes"]) == 1, "a stroke within a locked region leaves nothing"


def test_the_eraser_rubs_out_and_frees(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("b")
    desk.stroke((0.3, 0.85), (0.7, 0.85))
    desk.page.keyboard.press("e")
    desk.stroke((0.5, 0.8), (0.5, 0.9))
    assert len(desk.doc["strokes"]) == 2, "cut through in the middle"
    desk.click(0.45, 0.95)
    assert not desk.doc["strokes"], "a click frees the region"


@pytest.mark.slow
def test_undo_and_redo_a_hundred_times_give_the_same(desk: Any) -> None:
    desk.open_sample()
    for i in range(100):
        desk.take(f"#{i + 20:02x}40c0")
        if i % 3 == 0:
            desk.page.evaluate("([x, y]) => window.mangastyle.desk.fill([[x, y]])", [256, 200 + 4 * i])
        elif i % 3 == 1:
            desk.see(f"m.studio.commit({{ ...m.studio.doc, settings: {{ ...m.studio.doc.settings, variant: {i} }} }})")
        else:
            stroke = json.dumps({"id": i, "color": RED, "width": 4, "points": [[9, i]]})
            desk.see(f"m.studio.commit({{ ...m.studio.doc, strokes: [...m.studio.doc.strokes, {stroke}] }})")
    last = desk.doc
    desk.page.locator(".overlay").focus()
    for _ in range(100):
        desk.page.keyboard.press("Control+z")
    assert desk.doc["strokes"] == desk.doc["fills"] == [] and not desk.see("m.studio.history.canUndo")
    for _ in range(100):
        desk.page.keyboard.press("Control+Shift+z")
    assert desk.doc == last
    desk.colored()
    assert desk.server.session.requests[-1][1]["settings"]["variant"] == last["settings"]["variant"], "the server was asked again"


@pytest.mark.slow
def test_undo_keeps_two_hundred_steps_through_saving(desk: Any) -> None:
    desk.open_sample()
    for i in range(230):
        desk.see(f"m.studio.commit({{ ...m.studio.doc, settings: {{ ...m.studio.doc.settings, variant: {i + 1} }} }})")
    desk.page.wait_for_timeout(1300)
    desk.page.reload()
    desk.colored()
    desk.page.evaluate("() => { for (let i = 0; i < 200; i++) window.mangastyle.studio.undo(); }")
    assert desk.doc["settings"]["variant"] == 30


def test_sliders_are_one_step_each(desk: Any) -> None:
    desk.open_sample()
    slider = desk.page.locator(".layer .opacity").nth(2)
    slider.focus()
    box = slider.bounding_box()
    desk.page.mouse.move(box["x"] + box["width"] - 6, box["y"] + box["height"] / 2)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + 10, box["y"] + box["height"] / 2, steps=10)
    desk.page.mouse.up()
    assert desk.doc["layers"]["line"]["opacity"] < 0.3
    desk.page.keyboard.press("Control+z")
    assert desk.doc["layers"]["line"]["opacity"] == 1 and not desk.see("m.studio.history.canUndo")


def test_zoom_keeps_what_is_under_the_pointer(desk: Any) -> None:
    desk.open_sample()
    x, y = map(round, desk.at(0.3, 0.7))
    desk.page.mouse.move(x, y)
    before = desk.see("m.desk.stage.hovered")
    desk.page.keyboard.down("Control")
    for delta in (-300, -200, 150):
        desk.page.mouse.wheel(0, delta)
    desk.page.keyboard.up("Control")
    desk.until("m.view.scale > 1.5")
    desk.page.wait_for_timeout(100)
    desk.page.mouse.move(x + 1, y)
    desk.page.mouse.move(x, y)
    assert np.allclose(desk.see("m.desk.stage.hovered"), before, atol=0.01)
    desk.page.keyboard.press("1")
    assert desk.page.inner_text(".zoom") == "100 %"
    desk.page.keyboard.press("0")
    assert np.allclose(desk.see("[m.view.x, m.view.y]"), desk.see("[m.view.screen.width / 2, m.view.screen.height / 2]"))


def test_space_and_the_wheel_move_the_picture_and_keys_turn_it(desk: Any) -> None:
    desk.open_sample()
    x, y = desk.at(0.5, 0.5)
    start = desk.see("[m.view.x, m.view.y]")
    desk.page.keyboard.down(" ")
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 30, y + 20)
    desk.page.mouse.up()
    desk.page.keyboard.up(" ")
    assert desk.see("[m.view.x, m.view.y]") == [start[0] + 30, start[1] + 20]
    assert not desk.doc["fills"]
    desk.page.mouse.wheel(0, 50)
    desk.until(f"m.view.y === {start[1]} - 30")
    desk.page.keyboard.press("r")
    assert desk.see("m.view.angle") == pytest.approx(np.pi / 12)
    place = desk.see("m.view.toPicture(...m.view.toScreen(123, 45))")
    assert np.allclose(place, [123, 45])


def test_two_fingers_zoom_and_do_not_draw(desk: Any) -> None:
    desk.open_sample()
    x, y = desk.at(0.5, 0.5)
    cdp = desk.page.context.new_cdp_session(desk.page)

    def touch(type: str, *places: tuple[float, float]) -> None:
        points = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(places)]
        cdp.send("Input.dispatchTouchEvent", {"type": type, "touchPoints": points})

    before = desk.see("m.view.scale")
    touch("touchStart", (x - 30, y))
    touch("touchStart", (x - 30, y), (x + 30, y))
    for spread in (40, 60, 90):
        touch("touchMove", (x - spread, y), (x + spread, y))
    touch("touchEnd")
    desk.until(f"m.view.scale > 2.5 * {before}")
    assert not desk.doc["fills"]
    touch("touchStart", (x, y))
    touch("touchEnd")
    desk.until("m.studio.doc.fills.length === 1")


def test_everything_by_keyboard(desk: Any) -> None:
    page = desk.open().page
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.dataset.sample") == "figure":
            break
    page.keyboard.press("Enter")
    desk.colored()
    assert page.evaluate("() => document.activeElement.className").startswith("overlay")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert len(desk.doc["fills"]) == 1, "the bucket at the cross"
    page.keyboard.press(".")
    page.keyboard.press("Enter")
    assert len(desk.doc["fills"]) == 2, "and in the next region"
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert len(desk.doc["strokes"]) == 1
    page.keyboard.press("]")
    page.keyboard.press("n")
    assert desk.doc["settings"]["variant"] == 1
    page.keyboard.press("Alt+3")
    assert page.is_visible("#panel-style")
    page.keyboard.press("?")
    assert page.is_visible(".help")
    page.keyboard.press("Escape")
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert desk.doc["strokes"] == desk.doc["fills"] == []


def test_a_reload_loses_nothing(desk: Any) -> None:
    desk.open_sample()
    desk.take(RED)
    desk.click(*SHIRT)
    desk.page.keyboard.press("b")
    desk.stroke((0.2, 0.3), (0.22, 0.5))
    before = desk.doc
    desk.page.reload()  # at once: what is not saved yet is kept in the browser
    desk.colored()
    assert desk.doc == before
    assert desk.flat(*SHIRT) == [214, 32, 32]
    desk.page.keyboard.press("Control+z")
    assert desk.doc["strokes"] == [] and len(desk.doc["fills"]) == 1


def test_the_last_picture_is_offered_in_a_new_tab(desk: Any) -> None:
    desk.open_sample()
    desk.page.evaluate("() => sessionStorage.removeItem('session')")
    desk.page.reload()
    desk.page.click(".last button")
    desk.colored()
    assert desk.page.title().startswith("figure")


def test_a_server_that_is_gone_is_told_and_found_again(desk: Any, mock: Any) -> None:
    import mock_server

    desk.open_sample()
    port = mock.server.server_port
    mock.server.shutdown()
    mock.server.server_close()
    for session in mock.studio.sessions.values():
        session.closed = True
        session.say("models", {"state": "ready"})  # wakes the open streams, which then end
    desk.until("m.studio.connection === 'lost'")
    assert "does not answer" in desk.page.inner_text(".server")
    desk.take(RED)
    desk.click(*SHIRT)
    assert desk.flat(*SHIRT) == [214, 32, 32], "drawing goes on"
    desk.page.wait_for_timeout(1200)
    for session in mock.studio.sessions.values():
        session.closed = False
    mock.server = mock_server.serve(port, studio=mock.studio)[0]
    desk.until("m.studio.connection === 'open'")
    desk.colored()
    desk.page.wait_for_timeout(1500)
    assert RED in json.dumps(mock.session.state), "what was drawn meanwhile is saved"
    desk.errors = [error for error in desk.errors if "net::ERR_" not in error]  # the browser's own words about the missing server


def test_two_tabs_do_not_overwrite_each_other(desk: Any) -> None:
    desk.open_sample()
    desk.page.wait_for_timeout(1300)
    desk.server.session.state = {"of": "the other tab"}
    desk.server.session.state_revision += 5
    asked = []
    desk.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    desk.click(*SHIRT)
    desk.page.wait_for_timeout(1500)
    assert len(asked) == 1 and "another tab" in asked[0]
    assert desk.server.session.state == {"of": "the other tab"}
    assert "not saved" in desk.page.inner_text(".message")
    desk.errors = [error for error in desk.errors if "409" not in error]


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_pictures_come_in(desk: Any, way: str) -> None:
    desk.open()
    desk.bring(way, ".middle", "mine.png")
    desk.until("m.studio.session?.name === 'mine.png'")
    desk.colored()


def test_several_pictures_make_a_film_strip(desk: Any) -> None:
    desk.open()
    desk.bring("drop", ".middle", "b.png", "a.png", "c.png")
    desk.until("m.studio.session?.name === 'a.png'")
    desk.page.click(".frame >> nth=2")
    desk.until("m.studio.session?.name === 'c.png'")
    desk.colored()
    desk.page.click(".strip-actions button >> nth=0")
    desk.until("document.querySelectorAll('.frame[data-state=done]').length === 3")


def test_a_painting_is_dropped_on_the_gallery(desk: Any) -> None:
    desk.open_sample()
    desk.page.click("#tab-style")
    desk.bring("drop", ".gallery", "painting.png")
    desk.until("document.querySelectorAll('.gallery .tile').length === 9")
    desk.until("m.studio.doc.style.paintings.length === 1")
    assert desk.page.get_attribute(".gallery .tile >> nth=8", "aria-pressed") == "true", "what was brought is chosen"
    desk.colored()


def test_style_answers_to_its_sliders_and_stops(desk: Any) -> None:
    desk.open_sample()
    desk.page.click("#tab-style")
    desk.page.click(".gallery .tile >> nth=1")
    desk.until("m.studio.pictures.drawn.style && !m.studio.jobs.size")
    desk.page.focus("[data-name=strength]")
    desk.page.keyboard.press("ArrowRight")
    desk.colored()
    assert desk.server.session.requests[-1][1]["strength"] == pytest.approx(0.62)
    desk.page.click("text=Polish")
    desk.page.click(".stack .primary")
    desk.until("m.studio.jobs.get('style')?.of")
    desk.page.click(".stop")
    desk.until("!m.studio.jobs.size")
    assert desk.see("Boolean(m.studio.pictures.drawn.style)"), "what there is stays"
    assert "cancelled" in [name for _, name, _ in desk.server.session.events]


def test_a_mask_says_where_a_painting_paints(desk: Any) -> None:
    desk.open_sample()
    desk.page.click("#tab-style")
    desk.page.click(".gallery .tile >> nth=1")
    desk.page.click("text=Paint where")
    desk.stroke((0.3, 0.3), (0.7, 0.3))
    desk.colored()
    assert not desk.doc["strokes"] and len(desk.doc["style"]["paintings"][0]["mask"]) == 1
    assert desk.server.session.requests[-1][1]["paintings"][0]["mask"].startswith("data:image/png;base64,")
    desk.page.keyboard.press("Escape")
    assert desk.see("m.ui.get('maskOf')") is None


def test_other_colors_are_offered_for_a_region(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("s")
    desk.click(*SHIRT)
    desk.until("document.querySelectorAll('.popup .suggestion').length > 1")
    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("Enter")
    (fill,) = desk.doc["fills"]
    assert desk.flat(*SHIRT) == [int(fill["color"][i : i + 2], 16) for i in (1, 3, 5)]


def test_a_lasso_colors_several_regions(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("l")
    desk.stroke((0.3, 0.35), (0.7, 0.35), (0.7, 0.52), (0.3, 0.52))
    assert len(desk.see("m.ui.get('selection')")) >= 4, "both eyes with their irises"
    desk.take(BLUE)
    desk.page.keyboard.press("Enter")
    assert {fill["color"] for fill in desk.doc["fills"]} == {BLUE} and len(desk.doc["fills"]) >= 4
    desk.page.keyboard.press("Control+z")
    assert not desk.doc["fills"], "in one step"


def test_a_swatch_is_carried_onto_a_region(desk: Any) -> None:
    desk.open_sample()
    box = desk.page.locator(".swatch[data-color='#4fa36b']").first.bounding_box()
    desk.page.mouse.move(box["x"] + 8, box["y"] + 8)
    desk.page.mouse.down()
    desk.page.mouse.move(*desk.at(*SHIRT), steps=8)
    desk.page.mouse.up()
    assert [fill["color"] for fill in desk.doc["fills"]] == ["#4fa36b"]


def test_a_picture_gives_a_palette_and_its_colors(desk: Any, tmp_path: Any) -> None:
    cv2.imwrite(str(tmp_path / "reference.png"), np.full((40, 40, 3), (60, 30, 200), np.uint8))  # blue, green, red
    desk.open_sample()
    with desk.page.expect_file_chooser() as chooser:
        desk.page.click("text=From a picture")
    chooser.value.set_files(tmp_path / "reference.png")
    desk.until("m.ui.get('swatches').length === 8")
    assert not desk.doc["references"], "whose colors are taken is no reference yet"
    with desk.page.expect_file_chooser() as chooser:
        desk.page.click("text=Add a reference")
    chooser.value.set_files(tmp_path / "reference.png")
    desk.until("document.querySelector('.reference canvas')?.width === 40")
    desk.page.locator(".reference canvas").scroll_into_view_if_needed()
    desk.page.click(".reference canvas")
    assert desk.see("m.ui.get('color')") == "#c81e3c"


def test_hints_are_taken_away_as_the_command_line_reads_them(desk: Any) -> None:
    desk.open_sample()
    desk.take(RED)
    desk.click(*SHIRT)
    desk.page.keyboard.press("b")
    desk.stroke((0.2, 0.3), (0.22, 0.5))
    desk.page.click("#tab-save")
    desk.page.click("text=Hint JSON")
    with desk.page.expect_download() as download:
        desk.page.click("#panel-save .primary")
    hint = json.loads(download.value.path().read_text())
    assert download.value.suggested_filename == "figure-hint.json"
    assert set(hint) == {"points", "lines", "size"} and hint["size"] == [512, 640]
    assert set(hint["points"][0]) == {"x", "y", "color", "radius"} and set(hint["lines"][0]) == {"points", "color", "width"}


def test_a_picture_and_a_project_are_taken_away(desk: Any, tmp_path: Any) -> None:
    desk.open_sample()
    desk.click(*SHIRT)
    before = desk.doc
    desk.page.click("#tab-save")
    with desk.page.expect_download() as download:
        desk.page.keyboard.press("Control+s")
    assert download.value.suggested_filename == "figure.png"
    desk.page.click("text=Project")
    with desk.page.expect_download() as download:
        desk.page.click("#panel-save .primary")
    download.value.save_as(tmp_path / "figure.zip")
    with desk.page.expect_file_chooser() as chooser:
        desk.page.keyboard.press("Control+o")
    chooser.value.set_files(tmp_path / "figure.zip")
    desk.until("m.studio.session?.name === 'project'")
    assert desk.doc == before


def test_before_and_after(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("v")
    assert desk.see("m.ui.get('compare')") == 0.5
    box = desk.page.locator(".compare").bounding_box()
    desk.page.mouse.move(box["x"] + 12, box["y"] + 300)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + 112, box["y"] + 300, steps=4)
    desk.page.mouse.up()
    assert desk.see("m.ui.get('compare')") > 0.55
    desk.page.keyboard.press("Escape")
    assert desk.see("m.ui.get('compare')") is None


def test_previews_can_wait_for_a_button(desk: Any) -> None:
    desk.open_sample()
    desk.page.click("#tab-light")
    desk.page.click("text=Preview after each stroke")
    asked = len(desk.server.session.requests)
    desk.click(*SHIRT)
    desk.page.wait_for_timeout(300)
    assert len(desk.server.session.requests) == asked
    desk.page.click(".status .primary")
    desk.colored()
    assert len(desk.server.session.requests) == asked + 1


def test_everything_has_a_name_for_screen_readers(desk: Any) -> None:
    desk.open_sample()
    nameless = desk.page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, [role=slider], [role=application]')]
          .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label'))).map((e) => e.outerHTML)"""
    )
    assert nameless == []


def test_theme_and_language(desk: Any) -> None:
    desk.open_sample()
    light = desk.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    desk.page.click("button[aria-label='Dark or light']")
    assert desk.page.evaluate("() => getComputedStyle(document.body).backgroundColor") != light
    desk.page.select_option(".language", "ja")
    desk.page.wait_for_url("**/", wait_until="load")
    desk.page.wait_for_timeout(500)
    desk.colored()
    assert desk.page.inner_text("#tab-save") == "保存"


@pytest.mark.slow
def test_a_very_large_drawing_is_saved_with_less_to_undo(desk: Any) -> None:
    desk.open_sample()
    desk.page.evaluate(
        """() => {
          const { studio } = window.mangastyle;
          const points = Array.from({ length: 6000 }, (_, i) => [i % 500 + 0.5, i % 600 + 0.5]);
          for (let i = 0; i < 90; i++) {
            studio.commit({ ...studio.doc, strokes: [{ id: i, color: '#808080', width: 3, points: points.map(([x, y]) => [x, y]) }] });
          }
        }"""
    )
    desk.page.wait_for_timeout(2500)
    saved = desk.server.session.state["history"]
    assert saved["at"] == 60 and len(json.dumps(saved)) < 8e6


def test_what_is_seen_is_what_is_saved(desk: Any) -> None:
    desk.open_sample()
    desk.page.click("#tab-style")
    desk.page.click(".gallery .tile >> nth=1")
    desk.colored()
    desk.page.click("button[data-layer=highlights]")
    desk.page.fill("li.layer:has(button[data-layer=style]) input", "0.4")
    desk.page.click("#tab-save")
    assert desk.page.get_attribute("#panel-save .choice button >> nth=0", "aria-checked") == "true"
    desk.page.click("text=Show as a command")
    desk.until("!document.querySelector('.command').parentElement.hidden")
    assert desk.page.inner_text(".command").startswith("mangastyle shade figure")
    with desk.page.expect_download():
        desk.page.keyboard.press("Control+s")
    request = desk.server.session.requests[-1][1]
    assert request["layer"] == "shown" and request["layers"]["style"] == {"visible": True, "opacity": 0.4}
    assert not request["layers"]["highlights"]["visible"] and "strokes" not in request["layers"]


def test_the_picture_is_copied(desk: Any) -> None:
    desk.open_sample()
    size = desk.copied()
    assert size == [512, 640]


def test_hints_of_the_command_line_come_in(desk: Any, tmp_path: Any) -> None:
    hint = {
        "points": [{"x": 64, "y": 140, "color": [255, 204, 153], "radius": 2}],
        "lines": [{"points": [[100, 170], [160, 170]], "color": "navy", "width": 4}],
        "size": [256, 320],
    }
    (tmp_path / "hint.json").write_text(json.dumps(hint))
    (tmp_path / "other.json").write_text('{"points": [{"x": 1, "y": 2, "color": "no color"}]}')
    desk.open_sample()
    for name, message in (("hint.json", ""), ("other.json", "no color")):
        with desk.page.expect_file_chooser() as chooser:
            desk.page.keyboard.press("Control+o")
        chooser.value.set_files(tmp_path / name)
        desk.until("m.studio.doc.strokes.length === 2")
        desk.until(f"document.querySelector('.message').textContent.includes('{message}')")
    line, dot = desk.doc["strokes"]
    assert (line["color"], line["width"], line["points"]) == ("#000080", 8, [[200, 340], [320, 340]])
    assert (dot["color"], dot["width"], dot["points"]) == ("#ffcc99", 8, [[128, 280]])
    desk.page.keyboard.press("Control+z")
    assert desk.doc["strokes"] == []
