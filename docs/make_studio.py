"""Make the pictures of the studio, from a drawn figure and the weights that ship:  python docs/make_studio.py

docs/studio.webp, a recording, and docs/studio-*.jpg. It needs Playwright (`pip install -e ".[test]"`) and Chromium.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

from mangastyle.io import images
from mangastyle.synthetic.figures import figure

DOCS = Path(__file__).resolve().parent
TOKEN, PORT = "token-of-the-recording", 8799
WIDTH, HEIGHT = 1280, 720
SHOWN = 960, 540  # size of the recording
SEED, TALL, WIDE = 90020, 1200, 900  # of the figure
FRAME = 80  # ms
ARROW = np.array([(0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12)])
MOST = 3_000_000  # bytes of the recording
FILLS = [  # colors of swatches, and places of the figure as shares of its sides
    ("#fde3cf", [(0.38, 0.43), (0.84, 0.49), (0.278, 0.556), (0.293, 0.535)]),
    ("#9a6fb0", [(0.4, 0.12), (0.19, 0.35), (0.67, 0.42)]),
    ("#3d9be0", [(0.28, 0.36), (0.49, 0.37)]),
    ("#f2a7b8", [(0.575, 0.055), (0.63, 0.17)]),
    ("#d63a4a", [(0.42, 0.585), (0.43, 0.75)]),
    ("#ffffff", [(0.34, 0.69), (0.53, 0.61), (0.78, 0.6), (0.2, 0.715)]),
]
STROKE = "#5a6fc0", [(0.24, 0.93), (0.38, 0.94), (0.58, 0.92)]  # over the pleats of the skirt


class Person:
    """Who works at the page, step by step: each step is a frame of the recording.

    Attributes
    ----------
    frames : list of (image, milliseconds)
    """

    def __init__(self, page: Any) -> None:
        self.page, self.frames = page, []
        self.place = (WIDTH / 2, HEIGHT * 0.9)

    def look(self, milliseconds: int = FRAME) -> None:
        """Take a frame, with the pointer, which screenshots lack."""
        shot = cv2.imdecode(np.frombuffer(self.page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        image = Image.fromarray(shot[..., ::-1])
        arrow = [(x + self.place[0], y + self.place[1]) for x, y in ARROW]
        ImageDraw.Draw(image).polygon(arrow, fill="black", outline="white")
        self.frames.append((image.resize(SHOWN, Image.Resampling.LANCZOS), milliseconds))

    def go(self, place: tuple[float, float], steps: int = 5) -> None:
        """Move the pointer."""
        for step in range(1, steps + 1):
            share = step / steps
            x, y = ((1 - share) * a + share * b for a, b in zip(self.place, place))
            self.page.mouse.move(x, y)
            if step == steps:
                self.place = (x, y)
            self.look()
        self.place = place

    def to(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the picture, as shares of its sides, lies on the page."""
        box = self.page.locator(".overlay").bounding_box()
        left, top = self.page.evaluate(
            "([x, y]) => { const s = mangastyle.studio.session; return mangastyle.view.toScreen(x * s.width, y * s.height); }", [x, y]
        )
        return box["x"] + left, box["y"] + top

    def middle(self, selector: str) -> tuple[float, float]:
        """The middle of a part of the page."""
        part = self.page.locator(selector).first
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def press(self, selector: str) -> None:
        """Go to a part of the page and click it."""
        self.go(self.middle(selector))
        self.page.mouse.click(*self.place)
        self.look(2 * FRAME)

    def take(self, color: str) -> None:
        """Take a color of the page's swatches."""
        self.press(f".swatch[aria-label*='{color}']")

    def fill(self, color: str, *places: tuple[float, float]) -> None:
        """Fill regions with a color of the page's swatches."""
        self.page.keyboard.press("g")
        self.take(color)
        for place in places:
            self.go(self.to(*place))
            self.page.mouse.click(*self.place)
            self.settle()
            self.look(3 * FRAME)

    def stroke(self, *places: tuple[float, float]) -> None:
        """Paint a stroke."""
        self.page.keyboard.press("b")
        self.go(self.to(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.go(self.to(*place), 4)
        self.page.mouse.up()
        self.settle()
        self.look(3 * FRAME)

    def settle(self) -> None:
        """Wait, unseen, until the server has answered."""
        end = time.monotonic() + 120
        while self.page.evaluate("() => !mangastyle.studio.pictures?.labels || mangastyle.studio.jobs.size > 0"):
            assert time.monotonic() < end, "the server does not answer"
            self.page.wait_for_timeout(30)
        self.page.wait_for_timeout(60)

    def still(self, name: str) -> None:
        """Write a screenshot to docs/."""
        shot = cv2.imdecode(np.frombuffer(self.page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        images.save(DOCS / f"studio-{name}.jpg", shot[..., ::-1], force=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        picture = Path(scratch) / "figure.png"
        images.save(picture, figure(SEED, TALL, WIDE).line)
        command = [sys.executable, "-m", "mangastyle", "app", "--no-browser", "--port", str(PORT), "--token", TOKEN, "--data", scratch]
        with subprocess.Popen(command) as server, sync_playwright() as playwright:
            try:
                browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US", color_scheme="dark")
                record(Person(page), picture)
            finally:
                server.terminate()


def record(person: Person, picture: Path) -> None:
    """Color a figure, paint it, take it away."""
    page = person.page
    while True:
        try:
            page.goto(f"http://127.0.0.1:{PORT}/#token={TOKEN}")
            break
        except Exception:
            page.wait_for_timeout(200)  # the server has not begun
    page.wait_for_timeout(8000)  # networks load
    person.still("start")
    person.look(800)
    person.go(person.middle(".drop-zone .primary"))
    with page.expect_file_chooser() as chooser:
        page.mouse.click(*person.place)
    chooser.value.set_files(picture)
    person.settle()
    person.look(1200)
    for color, places in FILLS:
        person.fill(color, *places)
    color, places = STROKE
    person.take(color)
    person.stroke(*places)
    person.look(1000)
    person.still("color")
    person.press("#tab-style")
    page.wait_for_timeout(800)
    for tile in (0, 2, 3):
        person.press(f".gallery .tile >> nth={tile}")
        person.settle()
        person.look(1500)
    person.still("style")
    page.keyboard.press("v")
    person.look(300)
    box = page.locator(".compare").bounding_box()
    person.go((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    page.mouse.down()
    for share in (0.4, 0.3, 0.45, 0.6):
        person.go((person.to(share, 0.5)[0], person.place[1]), 3)
    page.mouse.up()
    person.look(800)
    page.keyboard.press("v")
    person.press("#tab-save")
    person.look(1500)
    person.still("save")
    write(person.frames)


def write(frames: list[tuple[Image.Image, int]]) -> None:
    """The recording, at the best quality that fits."""
    pictures, milliseconds = zip(*frames)
    path = DOCS / "studio.webp"
    for quality in (80, 70, 60, 50, 40):
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=list(milliseconds), loop=0, quality=quality, method=4)
        if path.stat().st_size <= MOST:
            break
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {len(frames)} frames, {sum(milliseconds) / 1000:.0f} s")


if __name__ == "__main__":
    main()
