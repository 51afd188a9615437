"""A site in a browser without a window: what its pages complain of, and what is wider than the
screen.

Chromium opens one page, which shows all others in a frame, one after the other and at each width.
They come from a server in a thread of this process, which puts `WATCH` at the head of each; what
they find comes back to it.
"""

import functools
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

#: Names under which Chromium is installed.
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: Before any script of a page: collect what the console would show as an error.
WATCH = """<script>
window.complaints = [];
for (const level of ["error", "warn"]) {
  const shown = console[level];
  console[level] = (...words) => {
    complaints.push(level + ": " + words.join(" "));
    shown(...words);
  };
}
addEventListener("error", event => complaints.push(
  event.message || "not loaded: " + (event.target.src || event.target.href)), true);
addEventListener("unhandledrejection", event => complaints.push("rejected: " + event.reason));
</script>"""
#: Shows pages one after the other, and reports. Text is what can be read as a sentence: code,
#: equations and tables of numbers may scroll within their own box.
HARNESS = """<!doctype html><meta charset="utf-8"><body style="margin: 0"><script>
const wait = ms => new Promise(done => setTimeout(done, ms));
const tell = (where, what) => fetch(where, {method: "POST", body: JSON.stringify(what)});
function scrolling(page) {
  const found = [];
  for (const box of page.querySelectorAll("article *")) {
    if (box.closest("pre, math, div.math, .numbers, svg")) continue;
    const style = page.defaultView.getComputedStyle(box);
    if (/auto|scroll/.test(style.overflowX) && box.scrollWidth > box.clientWidth + 1)
      found.push(box.tagName + "." + box.className + ": " + box.textContent.trim().slice(0, 60));
  }
  return found;
}
async function look(address, width) {
  const frame = document.createElement("iframe");
  frame.style = `border: 0; width: ${width}px; height: 800px`;
  const loaded = new Promise(done => frame.onload = done);
  frame.src = address;
  document.body.append(frame);
  await Promise.race([loaded, wait(20000)]);
  await wait(20);
  const page = frame.contentDocument, root = page.documentElement;
  const seen = {address, width, complaints: frame.contentWindow.complaints ?? ["not loaded"],
                wide: root.scrollWidth - root.clientWidth, scrolling: scrolling(page)};
  frame.remove();
  return seen;
}
(async () => {
  const {pages, widths} = await (await fetch("/pages.json")).json();
  const found = [];
  try {
    for (const width of widths) for (const address of pages) found.push(await look(address, width));
    await tell("/done", {found});
  } catch (error) { await tell("/done", {found, error: String(error)}); }
})();
</script>"""


def chromium():
    """Return the path of Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Pages(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, each page with `WATCH` at its head; and what a harness asks and tells."""

    widths, told, is_done = (), None, None

    def do_GET(self):
        root = Path(self.directory)
        path = self.path.split("?")[0].split("#")[0]
        if path == "/harness.html":
            return self.answer(HARNESS)
        if path == "/pages.json":
            pages = [f"/{one.relative_to(root)}" for one in sorted(root.rglob("*.html"))]
            return self.answer(json.dumps({"pages": pages, "widths": self.widths}))
        if path == "/favicon.ico":
            return self.answer("")
        if path.endswith(".html") and (root / path[1:]).exists():
            text = (root / path[1:]).read_text(encoding="utf-8")
            return self.answer(text.replace("<head>", f"<head>{WATCH}", 1))
        return super().do_GET()

    def do_POST(self):
        type(self).told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer("")
        self.is_done.set()

    def answer(self, text):
        data = text.encode()
        self.send_response(200)
        kind = "application/json" if self.path.endswith(".json") else "text/html; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words):
        """Say nothing."""


def look_at(folder, widths, timeout=300):
    """Return what was found on each page of a site at each width, in pixels: dictionaries with
    ``address``, ``width``, ``complaints`` of the console, pixels that the page is too ``wide``, and
    text that is ``scrolling`` in a box of its own.
    """
    kind = type("Site", (Pages,), {"widths": list(widths), "is_done": threading.Event()})
    serve = functools.partial(kind, directory=str(folder))
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen(
            [
                chromium(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                f"--user-data-dir={profile}",
                "--window-size=1400,900",
                "--remote-debugging-port=0",  # keeps it open
                f"http://127.0.0.1:{server.server_address[1]}/harness.html",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if not kind.is_done.wait(timeout):
                raise TimeoutError(f"the browser told nothing within {timeout} s")
        finally:
            browser.terminate()
            browser.wait(30)
            server.shutdown()
    if "error" in kind.told:
        raise RuntimeError(kind.told["error"])
    return kind.told["found"]
