#!/usr/bin/env python3
"""A headless browser that does what it is told and prints what it sees, for the tests of the page.

    browser.py COMMAND...

size WxH, dark, noscript (before a page is opened), open FILE#FRAGMENT, key NAME (as pressed), click SELECTOR, print EXPRESSION (its
value, of JavaScript), shot FILE.png (what is seen), whole FILE.png (all of the page), say WORDS. Prints one line for each print. Whatever the page asks the network for, and every error of its scripts, is
printed as "request ..." and "error ..." at the end. Talks DevTools' protocol through two pipes, so it needs nothing but Chromium.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowUp": 38, "ArrowDown": 40, "Home": 36, "End": 35, "Tab": 9, "Enter": 13, "Space": 32}


class Browser:
    def __init__(self, program, folder):
        ours, theirs = os.pipe(), os.pipe()
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
                   "--disable-background-networking", "--force-device-scale-factor=1", "--remote-debugging-pipe", "--user-data-dir=" + folder]

        def connect():
            os.dup2(ours[0], 200)
            os.dup2(theirs[1], 201)
            os.dup2(200, 3)
            os.dup2(201, 4)

        self.process = subprocess.Popen(command, preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(ours[0])
        os.close(theirs[1])
        self.to, self.source, self.rest, self.number, self.events, self.session = ours[1], theirs[0], b"", 0, [], None

    def read(self):
        while b"\0" not in self.rest:
            piece = os.read(self.source, 1 << 16)
            if not piece:
                raise SystemExit("the browser has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.read())

    def start(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def open(self, address):
        self.events = [e for e in self.events if e.get("method") != "Page.loadEventFired"]
        self.call("Page.navigate", url="about:blank")
        self.wait_for("Page.loadEventFired")
        self.events = [e for e in self.events if e.get("method") != "Page.loadEventFired"]
        self.call("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def key(self, name):
        code = KEYS[name]
        text = {"Enter": "\r", "Space": " "}.get(name)
        press = {"key": " " if name == "Space" else name, "code": name, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **press, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **press)

    def click(self, selector, x=0.5, y=0.5):
        where = self.value(f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}});"
                           f" const r = e.getBoundingClientRect(); return [r.left + r.width * {x}, r.top + r.height * {y}]; }})()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)

    def shot(self, name, whole):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole,
                            **({"clip": {**self.value("(() => { const d = document.documentElement; return {x: 0, y: 0, width: d.clientWidth,"
                                                      " height: Math.min(8000, d.scrollHeight), scale: 1}; })()")}} if whole else {}))
        pathlib.Path(name).write_bytes(base64.b64decode(picture["data"]))

    def troubles(self):
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:")):
                print("request", params["request"]["url"])
            if method == "Runtime.exceptionThrown":
                print("error", params["exceptionDetails"].get("exception", {}).get("description", params["exceptionDetails"]["text"]))
            if method == "Log.entryAdded" and params["entry"]["level"] == "error":
                print("error", params["entry"]["text"])

    def stop(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(20)
        except (SystemExit, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def obey(browser, words):
    while words:
        word = words.pop(0)
        if word == "size":
            browser.size(*(int(x) for x in words.pop(0).split("x")))
        elif word == "say":
            print(words.pop(0))
        elif word == "dark":
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        elif word == "noscript":
            browser.call("Emulation.setScriptExecutionDisabled", value=True)
        elif word == "open":
            name, mark, fragment = words.pop(0).partition("#")
            browser.open(pathlib.Path(name).resolve().as_uri() + mark + fragment)
        elif word == "key":
            browser.key(words.pop(0))
        elif word == "click":
            browser.click(words.pop(0))
        elif word == "print":
            print(browser.value(words.pop(0)))
        elif word in ("shot", "whole"):
            browser.shot(words.pop(0), word == "whole")
        else:
            raise SystemExit(f"unknown command {word}")


def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(os.environ.get("CHROMIUM", "chromium"), folder)
        try:
            browser.start()
            obey(browser, sys.argv[1:])
            browser.troubles()
        finally:
            browser.stop()


main()
