"""A private JupyterLab and a headless Chromium, for the tests and benchmarks that need both.

    with Lab(folder) as lab:
        notebook = lab.open("00_welcome.ipynb")
        notebook.run_all()
        notebook.explorers()[0].sliders()[0].press("End")

Nothing here waits for a time to pass: it waits for a word, a picture or an answer of the kernel.
"""

import functools
import importlib.util
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from course import LAB_SETTINGS, PAGE_SETTINGS
from course_lib.saving import WIDGET_VIEW

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SETTINGS = LAB_SETTINGS | {
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
NOISE = re.compile(r"favicon|/lsp/|/api/workspaces")  # of JupyterLab itself
SECONDS = 20

READY = """() => {
    const notebook = window.jupyterapp?.shell.currentWidget;
    return notebook?.context?.isReady && notebook.content.widgets.length > 0
        && notebook.sessionContext.session?.kernel?.status === "idle";
}"""
LISTEN = """() => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const heard = window.heard = {asked: new Set(), troubles: []};
    kernel.anyMessage.connect((_, {msg, direction}) => {
        const {header, parent_header: parent, content} = msg;
        if (direction === "send" && header.msg_type === "comm_msg") heard.asked.add(header.msg_id);
        if (header.msg_type === "status" && content.execution_state === "idle")
            heard.asked.delete(parent.msg_id);
        if (header.msg_type === "error") heard.troubles.push(content.ename + ": " + content.evalue);
        if (header.msg_type === "stream" && content.name === "stderr")
            heard.troubles.push(content.text);
    });
}"""
RUN_ALL = """async () => {
    await jupyterapp.commands.execute("notebook:clear-all-cell-outputs");
    await jupyterapp.commands.execute("notebook:run-all-cells");
}"""
# JupyterLab asks a new kernel for its widgets, before the kernel knows what a widget is
FORGET_WHAT_CAME_TOO_EARLY = """() => {
    heard.troubles = heard.troubles.filter(trouble => !trouble.startsWith("No such comm"));
}"""
ALL_SHOWN = """() => {
    const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
    const outputs = cells.flatMap(cell => cell.toJSON().outputs ?? []);
    const data = outputs.map(output => output.data ?? {});
    const live = data.filter(one => one["image/png"] && one[view]);
    return document.querySelectorAll("img.explorer").length === live.length;
}""".replace("view", f'"{WIDGET_VIEW}"')
WATCH_HEIGHT = """element => {
    const seen = element.heights = {low: element.offsetHeight, high: element.offsetHeight};
    const look = () => {
        seen.low = Math.min(seen.low, element.offsetHeight);
        seen.high = Math.max(seen.high, element.offsetHeight);
        if (element.heights === seen) requestAnimationFrame(look);
    };
    look();
}"""
TIME_NEXT_PICTURE = """() => {
    window.painted = new Promise(resolve => {
        let pressed;
        const paint = new MessageChannel();
        paint.port1.onmessage = () => resolve(performance.now() - pressed);
        const done = () => requestAnimationFrame(() => paint.port2.postMessage(0));
        const watcher = new MutationObserver(changes => {
            const added = changes.flatMap(change => [...change.addedNodes]);
            const pictures = added.flatMap(node => [node, ...node.querySelectorAll?.("img") ?? []])
                .filter(node => node instanceof HTMLImageElement);
            if (pictures.length === 0) return;
            watcher.disconnect();
            if (pictures[0].complete) done(); else pictures[0].addEventListener("load", done);
        });
        addEventListener("keydown", event => {
            pressed = event.timeStamp;
            watcher.observe(document, {subtree: true, childList: true});
        }, {capture: true, once: true});
    });
}"""


@functools.cache
def find_chromium():
    """Return the path of a browser that can be driven, or None."""
    names = ["chromium", "chromium-browser", "google-chrome", "msedge"]
    return next(filter(None, map(shutil.which, names)), None) or find_playwrights_own()


def find_playwrights_own():
    """Return the path of the Chromium that `playwright install` brought, or None."""
    if not importlib.util.find_spec("playwright"):
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


class Lab:
    """A JupyterLab server on a copy of a folder, with settings of its own, and a browser."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def __enter__(self):
        self._home = Path(tempfile.mkdtemp(prefix="lab-"))
        self.root = Path(shutil.copytree(self.folder, self._home / "notebooks"))
        self._start_server()
        try:
            self._start_browser()
        except BaseException:
            self._stop_server()
            raise
        return self

    def __exit__(self, *_):
        self._browser.close()
        self._playwright.stop()
        self._stop_server()

    def open(self, name, kernel=True):
        """Open a notebook in a new page, and wait until its kernel is ready (if one is wanted)."""
        page = self._browser.new_page(viewport={"width": 1400, "height": 1000})
        notebook = NotebookPage(page)
        page.goto(f"{self._address}/lab/tree/{name}?reset&token={self._token}")
        if kernel:
            page.wait_for_function(READY, timeout=3_000 * SECONDS)
            page.evaluate(LISTEN)
        page.wait_for_selector(".jp-Notebook .jp-MarkdownOutput", timeout=3_000 * SECONDS)
        return notebook

    def _start_server(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._address, self._token = f"http://127.0.0.1:{port}", secrets.token_hex()
        overrides = self._home / "config" / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(SETTINGS), encoding="utf-8")
        page_config = overrides.with_name("page_config.json")
        page_config.write_text(json.dumps(PAGE_SETTINGS), encoding="utf-8")
        places = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"]
        places += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]
        own = {place: str(self._home / place) for place in places}
        self._log = self._home / "server.log"
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
        command += [f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"]
        command += [f"--ServerApp.root_dir={self.root}", f"--IdentityProvider.token={self._token}"]
        command += ["--LabApp.expose_app_in_browser=True"]
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                command,
                env=os.environ | own | {"JUPYTER_CONFIG_DIR": str(self._home / "config")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_for_server()

    def _wait_for_server(self):
        end = time.monotonic() + 3 * SECONDS
        while time.monotonic() < end and self._server.poll() is None:
            try:
                urllib.request.urlopen(
                    f"{self._address}/api?token={self._token}", timeout=2
                ).close()
                return
            except OSError:
                time.sleep(0.05)
        self._stop_server(keep=True)
        raise RuntimeError(f"JupyterLab did not start; its log is {self._log}")

    def _stop_server(self, keep=False):
        self._server.terminate()  # it ends its kernels first
        self._server.wait(SECONDS)
        if not keep:
            shutil.rmtree(self._home, ignore_errors=True)

    def _start_browser(self):
        from playwright.sync_api import sync_playwright

        chromium = find_chromium()  # first: it may start a playwright of its own
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=chromium, headless=True, args=FLAGS
        )


class NotebookPage:
    """A notebook in the browser; `troubles` is what went wrong, in words."""

    def __init__(self, page):
        self.page = page
        self.console = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.console.append(str(error)))

    def run_all(self):
        """Run all cells, and wait until each explorer shows its picture."""
        self.page.evaluate(RUN_ALL)
        self.page.evaluate(FORGET_WHAT_CAME_TOO_EARLY)
        self.page.wait_for_function(ALL_SHOWN, timeout=1_000 * SECONDS)
        for explorer in self.explorers():
            explorer.wait_for_picture()

    def explorers(self):
        boxes = self.page.locator(".jp-OutputArea-child:has(img.explorer)")
        return [ExplorerOnPage(self, boxes.nth(i)) for i in range(boxes.count())]

    def time_key(self, key):
        """Press a key; return the milliseconds from then until the next picture is painted."""
        self.page.evaluate(TIME_NEXT_PICTURE)
        self.page.keyboard.press(key)
        return self.page.evaluate("() => window.painted")

    def settle(self):
        """Wait until the kernel has answered every message of a widget."""
        self.page.wait_for_function("() => heard.asked.size === 0", timeout=1_000 * SECONDS)

    @property
    def troubles(self):
        mimes = ["application/vnd.jupyter.error", "application/vnd.jupyter.stderr"]
        red = [self.page.locator(f'[data-mime-type="{mime}"]').all_inner_texts() for mime in mimes]
        heard = self.page.evaluate("() => window.heard ? heard.troubles : []")
        return [*sum(red, []), *heard, *self.console]

    def close(self):
        """End the kernel and close the page."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    def _hear(self, message):
        place = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not NOISE.search(place):
            self.console.append(place)


class ExplorerOnPage:
    """The live view of one explorer: an output with controls, a picture and its words."""

    def __init__(self, notebook, output):
        self.notebook = notebook
        self.page = notebook.page
        self.picture = output.locator("img.explorer")
        self.output = output
        self._words = output.get_by_role("status")

    @property
    def words(self):
        return self._words.inner_text().strip()

    def pixels(self):
        """Return what the picture shows, to compare: the same picture has the same bytes."""
        return self.picture.get_attribute("src")

    def wait_until(self, test, argument=None):
        """Wait for a test in JavaScript of `picture`, `words` (a string), `root` and `arg`."""
        from playwright.sync_api import TimeoutError as Late

        try:
            self.page.wait_for_function(
                f"""([root, arg]) => {{
                    const picture = root.querySelector("img.explorer");
                    const words = root.querySelector("[role=status]")?.innerText.trim();
                    return picture?.complete && picture.naturalWidth > 0 && ({test});
                }}""",
                arg=[self.output.element_handle(), argument],
                timeout=1_000 * SECONDS,
            )
        except Late:
            handles = [f"{slider.name} {slider.value}" for slider in self.sliders()]
            raise AssertionError(
                f"{test}, arg {argument!r}, was waited for in vain: the words are {self.words!r}, "
                f"the sliders {handles}, the troubles {self.notebook.troubles}"
            ) from None

    def wait_for_picture(self):
        self.wait_until("true")

    def wait_for_words(self, comparison, words):
        """Wait until the words are ("===") or are no longer ("!==") these."""
        self.wait_until(f"words {comparison} arg", words)

    def sliders(self):
        handles = self.output.locator(".noUi-handle")
        return [SliderOnPage(self, handles.nth(i)) for i in range(handles.count())]

    def choices(self):
        """Return the buttons of all rows of which one is pressed."""
        return self.output.locator(".widget-toggle-buttons button").all()

    def buttons(self):
        """Return the names of the buttons that act: the presets and "reset"."""
        return self.output.locator("button.widget-button").all_inner_texts()

    def click(self, name):
        """Click a button by its name, and wait until the kernel has answered."""
        self.output.get_by_role("button", name=name, exact=True).click()
        self.notebook.settle()

    def watch_height(self):
        """Begin to watch the height of the cell."""
        self._cell().evaluate(WATCH_HEIGHT)

    def jump(self):
        """Return by how many pixels the height changed since, and stop watching."""
        stop = "e => { const seen = e.heights; e.heights = null; return seen.high - seen.low; }"
        return self._cell().evaluate(stop)

    def _cell(self):
        return self.output.locator("xpath=ancestor::*[contains(@class, 'jp-Cell-outputArea')][1]")


class SliderOnPage:
    """One slider's handle."""

    def __init__(self, explorer, handle):
        self.explorer = explorer
        self.handle = handle
        self.name = (
            handle.locator("xpath=ancestor::*[contains(@class,'widget-slider')][1]")
            .locator(".widget-label")
            .inner_text()
        )

    @property
    def value(self):
        return self.handle.get_attribute("aria-valuetext")

    def press(self, key):
        """Press a key and wait until the words follow, if it moved."""
        words, value = self.explorer.words, self.value
        self.handle.press(key)
        if self.value != value:
            self.explorer.wait_for_words("!==", words)

    def drag_to_end(self, steps=2):
        """Drag the handle with the mouse to the high end of its slider."""
        mouse = self.explorer.page.mouse
        self.handle.scroll_into_view_if_needed()
        here = self.handle.bounding_box()
        base = self.handle.locator("xpath=ancestor::*[contains(@class,'noUi-base')]").bounding_box()
        middle = here["y"] + here["height"] / 2
        mouse.move(here["x"] + here["width"] / 2, middle)
        mouse.down()
        mouse.move(base["x"] + base["width"] + 20, middle, steps=steps)
        mouse.up()
