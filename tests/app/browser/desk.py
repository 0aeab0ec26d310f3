"""What a person does on the page."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator

BRING = """(given) => {
  const canvas = new OffscreenCanvas(64, 64);
  canvas.getContext('2d').fillRect(10, 10, 20, 20);
  return canvas.convertToBlob().then((blob) => {
    const data = new DataTransfer();
    for (const name of given.names) data.items.add(new File([blob], name, { type: 'image/png' }));
    const event = given.way === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
                                        : new DragEvent('drop', { dataTransfer: data, bubbles: true });
    document.querySelector(given.target).dispatchEvent(event);
  });
}"""
POINT = """(given) => {
  const canvas = document.querySelector('.overlay');
  canvas.setPointerCapture = () => {};  // a pointer that does not exist cannot be captured
  for (const [type, x, y, pressure] of given.events) {
    canvas.dispatchEvent(new PointerEvent(type, { pointerId: given.id, pointerType: given.kind, clientX: x, clientY: y, pressure,
      buttons: 1, bubbles: true }));
  }
}"""


class Desk:
    """The page in a browser: it notes errors of the console, and requests to other servers.

    Parameters
    ----------
    context : playwright.sync_api.BrowserContext
    server
        What has the `address` of the page, with its token, and the `origin`.
    """

    patience = 15.0  # seconds that anything may take on a slow machine
    samples = 2  # that the server has

    def __init__(self, context: Any, server: Any) -> None:
        self.page, self.server = context.new_page(), server
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        # Playwright catches choosers of files only while somebody listens, and begins and ends that with a delay.
        self.page.on("filechooser", lambda chooser: None)
        self.page.on("request", lambda request: self._check(request.url))

    def _check(self, url: str) -> None:
        if not url.startswith((self.server.origin, "blob:", "data:")):
            self.outside.append(url)

    def see(self, expression: str) -> Any:
        """A value of the page; `m` is what it offers to be read."""
        return self.page.evaluate(f"() => {{ const m = window.mangastyle; return m && ({expression}); }}")

    def until(self, expression: str) -> None:
        """Wait; by asking, since the page's policy forbids the code that Playwright would put there."""
        self.wait_for(lambda: self.see(expression), expression)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        end = time.monotonic() + self.patience
        while not condition():
            assert time.monotonic() < end, f"never became true: {what}; errors: {self.errors}"
            self.page.wait_for_timeout(20)

    @contextmanager
    def held(self, pattern: str) -> Iterator[None]:
        """Requests to some addresses get their answers only at the end of the block, in which there must be one."""
        routes: list[Any] = []
        self.page.route(pattern, lambda route: routes.append(route))
        yield
        self.wait_for(lambda: routes, f"a request to {pattern}")
        for route in routes:
            route.continue_()
        self.page.unroute(pattern)

    def open(self) -> Desk:
        self.page.goto(self.server.address)
        self.until(f"document.querySelectorAll('.sample').length === {self.samples}")
        self.until("document.querySelector('.sample img[src]')")  # the others load when they are in sight
        return self

    def open_sample(self, name: str = "figure") -> Desk:
        self.open()
        self.page.click(f"[data-sample={name}]")
        self.colored()
        return self

    def colored(self) -> None:
        """Wait until the server has answered all that was asked."""
        self.until("m.studio.pictures?.labels && !m.studio.jobs.size")

    def copied(self) -> list[int]:
        """Width and height of the picture that Ctrl-C copies."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.keyboard.press("Control+c")
        self.until("document.querySelector('.message').textContent === 'Copied'")
        return self.page.evaluate(
            """async () => {
              const [item] = await navigator.clipboard.read();
              const picture = await createImageBitmap(await item.getType('image/png'));
              return [picture.width, picture.height];
            }"""
        )

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the picture, as shares of its sides, lies on the page."""
        box = self.page.locator(".overlay").bounding_box()
        size = "m.studio.session.width", "m.studio.session.height"
        left, top = self.see(f"m.view.toScreen({x} * {size[0]}, {y} * {size[1]})")
        return box["x"] + left, box["y"] + top

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.at(x, y))

    def stroke(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(*place), steps=6)
        self.page.mouse.up()

    def point(self, kind: str, *events: tuple[str, float, float, float], id: int = 7) -> None:
        """Let a pen or a finger do something: types of events, places on the page, pressures."""
        self.page.evaluate(POINT, {"kind": kind, "id": id, "events": events})

    def bring(self, way: str, target: str, *names: str) -> None:
        """Drop or paste pictures somewhere."""
        self.page.evaluate(BRING, {"way": way, "target": target, "names": names})

    def take(self, color: str) -> None:
        self.page.evaluate("(color) => window.mangastyle.ui.set('color', color)", color)

    def flat(self, x: float, y: float) -> list[int]:
        """The flat color at a place."""
        return self.see(f"m.studio.pictures.colorAt({x} * m.studio.session.width, {y} * m.studio.session.height)")

    @property
    def doc(self) -> dict[str, Any]:
        return self.see("m.studio.doc")


def working(kind: Any, browser: Any, server: Any) -> Iterator[Any]:
    """A desk of a kind in a window of its own, and whether all went well there."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US", accept_downloads=True)
    desk = kind(context, server)
    yield desk
    context.close()
    assert not desk.errors
    assert not desk.outside
