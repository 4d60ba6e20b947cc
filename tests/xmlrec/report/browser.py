"""A headless Chromium, spoken to over a pipe in its DevTools protocol."""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_S = 60
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)


def find_chromium():
    """Return the program's path, None if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextlib.contextmanager
def open_browser():
    """Start a browser with one blank tab, and end it."""
    (commands, our_commands), (our_answers, answers) = make_pipe(), make_pipe()
    # the protocol is read from 3 and written to 4
    take_pipes = f'exec "$0" "$@" 3</dev/fd/{commands} 4>/dev/fd/{answers}'
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            ["sh", "-c", take_pipes, find_chromium(), *_OPTIONS, f"--user-data-dir={profile}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(commands, answers),
        )
        os.close(commands)
        os.close(answers)
        try:
            yield Tab(our_commands, our_answers)
        finally:
            process.kill()
            process.wait()
            os.close(our_commands)
            os.close(our_answers)


def make_pipe():
    """Return the ends to read from and to write to, both above the numbers that are taken."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high


class Tab:
    """One page; ``events`` are the parameters of what the browser told, by method."""

    def __init__(self, writable, readable):
        self._writable, self._readable = writable, readable
        self._rest, self._n_sent, self._session = b"", 0, {}
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Send a command and return its result; keep the events that come before."""
        self._n_sent += 1
        message = {"id": self._n_sent, "method": method, "params": parameters, **self._session}
        os.write(self._writable, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._n_sent:
                assert "error" not in answer, answer
                return answer["result"]

    def _receive(self):
        while b"\0" not in self._rest:
            data = os.read(self._readable, 1 << 20)
            assert data, "the browser went away"
            self._rest += data
        message, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(message)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message

    def open(self, url, *, width, height=900, features=()):
        """Load a page at a width in CSS pixels; a narrow one is a phone."""
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        media = [{"name": name, "value": value} for name, value in features]
        self.call("Emulation.setEmulatedMedia", features=media)
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + TIMEOUT_S
        while self.value("document.readyState") != "complete" or self.value("location.href") != url:
            assert time.monotonic() < deadline, f"{url} is not loaded after {TIMEOUT_S} s"
            time.sleep(0.02)

    def value(self, expression):
        """Return what a JavaScript expression is worth on the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self, path):
        """Save a picture of the whole page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def requests(self):
        """Return the addresses that the page asked for."""
        sent = [facts for name, facts in self.events if name == "Network.requestWillBeSent"]
        return [facts["request"]["url"] for facts in sent]

    def complaints(self):
        """Return what the page wrote to the console or threw, and what the browser logged."""
        names = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [facts for name, facts in self.events if name in names]
