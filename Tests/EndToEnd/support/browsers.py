"""Chromium and Firefox, headless, each with a profile of its own, driven over WebDriver BiDi (W3C)."""

import base64
import contextlib
import itertools
import json
import re
import shutil

import httpx
import websocket

from .processes import Program, environment_without_aws, wait_for

NAMES = ("chromium", "firefox")
FIREFOX_PREFERENCES = {
    # Nothing that leaves this machine, no first-run pages.
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/",
    "remote.prefs.recommended": True,
    "dom.disable_open_during_load": False,
}


class ScriptError(AssertionError):
    """A script in a page threw."""


class Browser:
    """One running browser. Commands are answered in order; what the pages log is kept in `log`."""

    def __init__(self, name, address, seconds=30):
        self.name, self.log, self.numbers = name, [], itertools.count(1)
        self.socket = websocket.create_connection(address, timeout=seconds, suppress_origin=True)

    def send(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("method") == "log.entryAdded":
                self.log.append(message["params"])
            if message.get("id") == number:
                assert message["type"] == "success", f"{method}: {message}"
                return message["result"]

    def tab(self, url=None, width=1280, height=800):
        tab = Tab(self, self.send("browsingContext.create", type="tab")["context"])
        tab.resize(width, height)
        # What earlier pages left behind is not the business of this one.
        self.log.clear()
        return tab.go(url) if url else tab

    def complaints(self):
        """What pages logged as errors, violations of their policy among it."""
        self.send("session.status")
        return [entry.get("text") or str(entry) for entry in self.log if entry["level"] == "error"]


class Tab:
    def __init__(self, browser, context):
        self.browser, self.context = browser, context

    def go(self, url):
        self.browser.send("browsingContext.navigate", context=self.context, url=url, wait="complete")
        return self

    def resize(self, width, height):
        self.browser.send("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})

    def run(self, expression):
        """The value of a JavaScript expression, promises awaited, brought over as JSON."""
        wrapped = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        result = self.browser.send(
            "script.evaluate", expression=wrapped, target={"context": self.context}, awaitPromise=True
        )
        if result["type"] == "exception":
            raise ScriptError(f"{expression}: {result['exceptionDetails']['text']}")
        return json.loads(result["result"]["value"])

    def wait(self, expression, seconds=20, what=None):
        """Waits until an expression is true."""
        return wait_for(lambda: self.run(expression), seconds, what or expression)

    def press(self, *keys):
        """Presses and releases each key in turn; WebDriver's private characters stand for special ones."""
        actions = [step for key in keys for step in ({"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]
        self.browser.send("input.performActions", context=self.context, actions=[{"type": "key", "id": "keys", "actions": actions}])

    def write(self, text):
        self.press(*text)

    def show(self):
        self.browser.send("browsingContext.activate", context=self.context)
        return self

    def close(self):
        self.browser.send("browsingContext.close", context=self.context)

    def screenshot(self, path):
        form = {"type": f"image/{path.suffix[1:]}", "quality": 0.9}
        shot = self.browser.send("browsingContext.captureScreenshot", context=self.context, format=form)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def browsing(name, folder):
    """A browser for the length of a block."""
    starting = {"chromium": chromium, "firefox": firefox}[name]
    with starting(folder) as browser:
        browser.send("session.subscribe", events=["log.entryAdded"])
        try:
            yield browser
        finally:
            # It may be gone already, and its process is ended anyway.
            with contextlib.suppress(OSError, AssertionError, websocket.WebSocketException):
                browser.send("session.end")
            browser.socket.close()


@contextlib.contextmanager
def chromium(folder):
    # It takes a port of its own choice: a free one that we named could be taken by then.
    command = [shutil.which("chromedriver"), "--port=0", "--allowed-ips=127.0.0.1"]
    program = Program(command, folder / "chromedriver.log", environment_without_aws())
    session = None
    try:
        port = wait_for(lambda: re.search(r"started successfully on port (\d+)", program.output), 30, lambda: program.output)[1]
        arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", f"--user-data-dir={folder}/chromium"]
        options = {"binary": shutil.which("chromium"), "args": arguments}
        capabilities = {"alwaysMatch": {"browserName": "chrome", "webSocketUrl": True, "acceptInsecureCerts": True, "goog:chromeOptions": options}}
        answer = httpx.post(f"http://127.0.0.1:{port}/session", json={"capabilities": capabilities}, timeout=60)
        assert answer.status_code == 200, answer.text
        session = answer.json()["value"]
        yield Browser("chromium", session["capabilities"]["webSocketUrl"])
    finally:
        if session:
            with contextlib.suppress(httpx.HTTPError):
                httpx.delete(f"http://127.0.0.1:{port}/session/{session['sessionId']}", timeout=20)
        program.stop()


@contextlib.contextmanager
def firefox(folder):
    profile = folder / "firefox"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in FIREFOX_PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = [shutil.which("firefox-esr"), "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
    program = Program(command, folder / f"{profile.name}.log", environment_without_aws(HOME=str(profile), MOZ_CRASHREPORTER_DISABLE="1"))
    try:
        found = wait_for(lambda: re.search(r"WebDriver BiDi listening on (ws://\S+)", program.output), 60, lambda: program.output)
        browser = Browser("firefox", f"{found[1]}/session")
        browser.send("session.new", capabilities={})
        yield browser
    finally:
        program.stop()
