"""Who reads the page by ear, by keyboard, with weak eyes, or on a tablet."""

from __future__ import annotations

from typing import Any

import pytest
from desk import Desk

pytestmark = pytest.mark.app

PANELS = ("colors", "light", "style", "save")
CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const channel = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (!text || !element.checkVisibility() || element.closest(':disabled, option, .drop-note, .opening-note')) continue;
    const [light, dark] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) poor.push(`${text}: ${contrast.toFixed(2)}`);
  }
  return poor;
}"""
OUTSIDE = """() => [...document.querySelectorAll('.topbar *, .toolbar *, .status button, .side button, .strip button')]
  .filter((element) => element.checkVisibility() && !element.closest('option, .tab-bodies, .strip-list'))
  .filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && (box.left < -0.5 || box.right > innerWidth + 0.5 || box.top < -0.5 || box.bottom > innerHeight + 0.5);
  }).map((element) => element.outerHTML.slice(0, 120))"""
OVER = """() => {
  const found = [];
  const names = '.topbar button, .topbar select, .topbar .slider, .topbar .quiet';
  const all = [...document.querySelectorAll(names)].filter((element) => element.checkVisibility());
  for (const [i, one] of all.entries()) for (const other of all.slice(i + 1)) {
    if (one.contains(other) || other.contains(one)) continue;
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    const meet = a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    if (meet) found.push(one.outerHTML.slice(0, 90));
  }
  return found;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out(desk: Any, theme: str) -> None:
    desk.page.emulate_media(color_scheme=theme)
    desk.open()
    assert desk.page.evaluate(CONTRAST) == []
    desk.page.click("[data-sample=figure]")
    desk.colored()
    desk.page.click("#tab-style")
    desk.page.click(".gallery .tile >> nth=1")
    desk.colored()
    for panel in PANELS:
        desk.page.click(f"#tab-{panel}")
        assert desk.page.evaluate(CONTRAST) == [], panel
    desk.page.keyboard.press("?")
    assert desk.page.evaluate(CONTRAST) == []


def test_the_focus_is_always_seen(desk: Any) -> None:
    desk.open_sample()
    seen = set()
    for _ in range(90):
        desk.page.keyboard.press("Tab")
        name, style, width = desk.page.evaluate(
            """() => {
              const { activeElement: element } = document;
              const style = getComputedStyle(element);
              return [element.outerHTML.slice(0, 140), style.outlineStyle, parseFloat(style.outlineWidth)];
            }"""
        )
        if name.startswith("<body"):
            continue
        assert style != "none" and width >= 2, name
        seen.add(name)
    assert len(seen) > 50


def test_panels_cannot_be_reached_before_there_is_a_picture(desk: Any) -> None:
    desk.open()
    for _ in range(40):
        desk.page.keyboard.press("Tab")
        assert not desk.page.evaluate("() => Boolean(document.activeElement.closest('.side'))")
    desk.bring("drop", "#panel-colors", "mine.png")  # a picture is opened there, too
    desk.until("m.studio.session?.name === 'mine.png'")
    desk.colored()
    assert not desk.page.evaluate("() => document.querySelector('.side').inert")


def test_roles_are_those_that_screen_readers_know(desk: Any) -> None:
    desk.open()
    desk.bring("drop", ".middle", "a.png", "b.png")
    desk.until("document.querySelectorAll('.frame').length === 2")
    frames = desk.page.get_by_role("listitem").filter(has=desk.page.get_by_role("button", name="a.png"))
    assert frames.count() == 1
    for role, name in (("navigation", "Tools"), ("tablist", "Panels"), ("region", "Folder")):
        assert desk.page.get_by_role(role, name=name).count() == 1, role
    desk.colored()


def test_before_and_after_moves_by_keys_at_once(desk: Any) -> None:
    desk.open_sample()
    desk.page.keyboard.press("v")
    desk.page.keyboard.press("ArrowRight")
    assert desk.see("m.ui.get('compare')") == pytest.approx(0.52)
    desk.page.keyboard.press("v")
    assert desk.page.evaluate("() => document.activeElement.className").startswith("overlay")


@pytest.mark.parametrize("size", [(1280, 720), pytest.param((1024, 768), marks=pytest.mark.slow), (820, 1180)])
@pytest.mark.parametrize(("touch", "language"), [pytest.param(False, "en-US", marks=pytest.mark.slow), (True, "ja-JP")])
def test_everything_has_its_place(browser: Any, mock: Any, size: tuple[int, int], touch: bool, language: str) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=language, has_touch=touch, is_mobile=touch)
    desk = Desk(context, mock).open_sample()
    desk.page.click("#tab-style")
    desk.page.click(".gallery .tile >> nth=1")
    desk.page.click(".mix-row button >> nth=0")
    assert desk.page.evaluate(OUTSIDE) == [] and desk.page.evaluate(OVER) == [], "mask"
    for key in "gbeislkh":
        desk.page.keyboard.press(key)
        assert desk.page.evaluate(OUTSIDE) == [] and desk.page.evaluate(OVER) == [], key
    desk.page.keyboard.press("l")
    desk.stroke((0.3, 0.35), (0.7, 0.35), (0.7, 0.52), (0.3, 0.52))
    assert desk.see("m.ui.get('selection').length")
    assert desk.page.evaluate(OUTSIDE) == [] and desk.page.evaluate(OVER) == [], "selection"
    context.close()
    assert not desk.errors


@pytest.mark.parametrize("ratio", [1, pytest.param(1.5, marks=pytest.mark.slow), 2, pytest.param(3, marks=pytest.mark.slow)])
def test_pictures_are_as_sharp_as_the_display(browser: Any, mock: Any, ratio: float) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US", device_scale_factor=ratio)
    desk = Desk(context, mock).open_sample()
    for canvas in (".picture", ".overlay"):
        width, height, client = desk.page.evaluate(
            "(name) => { const c = document.querySelector(name); return [c.width, c.height, [c.clientWidth, c.clientHeight]]; }", canvas
        )
        assert abs(width - client[0] * ratio) <= 1 and abs(height - client[1] * ratio) <= 1
    desk.page.keyboard.press("1")
    assert desk.see("m.view.scale") == pytest.approx(1 / ratio)
    context.close()
    assert not desk.errors
