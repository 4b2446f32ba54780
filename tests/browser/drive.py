"""Drives Chromium over the WebDriver protocol, with Python's own library only.

drive.py KIND PAGE SHOTS: KIND is `fixture` for the page of examples/report_fixture.rs, else `any`.
"""

import base64
import json
import pathlib
import re
import subprocess
import sys
import urllib.request

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESK = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}


class Browser:
    """One session of chromedriver."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in self.process.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                break
        else:
            raise SystemExit("tests/browser: chromedriver did not start")
        self.base = f"http://127.0.0.1:{found[1]}/session"
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
            "perfLoggingPrefs": {"enableNetwork": True},
        }
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        session = self.call("POST", "", {"capabilities": {"alwaysMatch": capabilities}})
        self.base += "/" + session["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"tests/browser: {path}: {error.read().decode()[:800]}")

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def press(self, *keys):
        actions = [{"type": way, "value": key} for key in keys for way in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.call("POST", "/actions", {"actions": [keyboard]})

    def shot(self, path, whole=True):
        picture = self.devtools("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait(10)


def check(claim, truth, seen=""):
    if not truth:
        raise SystemExit(f"tests/browser: FAILED: {claim} {seen}")
    print(f"ok: {claim}")


SORTED = """
const column = arguments[1];
const rows = [...document.querySelectorAll(`[data-grid="${arguments[0]}"] tbody tr`)];
return rows.filter(row => !row.hidden).map(row => row.cells[column].dataset.value ?? row.cells[column].textContent);
"""


def any_page(browser, shots):
    """What holds for every report."""
    check("the page has a title", browser.run("return document.title.length > 0"))
    check("the script ran to its end", browser.run("return !!document.querySelector('.theme')"))
    ids = browser.run("return [...document.querySelectorAll('[id]')].map(node => node.id)")
    check("every id is there once", len(ids) == len(set(ids)))
    links = browser.run("return [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))")
    check("every link within the page leads somewhere", set(links) <= set(ids))
    unnamed = browser.run(
        "return [...document.querySelectorAll('button, input, select')].filter(node => "
        "!(node.textContent.trim() || node.ariaLabel || node.labels?.length)).length"
    )
    check("every control has a name", unnamed == 0)
    pictures = browser.run(
        "return [...document.images].filter(i => i.src).map(i => i.complete && i.naturalWidth > 0 && i.alt.length > 0)"
    )
    check(f"{len(pictures)} pictures are drawn and described", all(pictures))

    for theme in ("light", "dark"):
        browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        for name, metrics in (("desk", DESK), ("phone", PHONE)):
            browser.devtools("Emulation.setDeviceMetricsOverride", **metrics)
            paper = browser.run("return getComputedStyle(document.body).backgroundColor")
            light = sum(map(int, re.findall(r"\d+", paper)[:3])) > 384
            check(f"{name}: the page is {theme} where the system is", light == (theme == "light"), paper)
            over = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            check(f"{name}: nothing hangs over the side", over <= 0, over)
            small = browser.run(
                "return [...document.querySelectorAll('p, li, td, th, dd, dt, figcaption')]"
                ".filter(node => parseFloat(getComputedStyle(node).fontSize) < 12).length"
            )
            check(f"{name}: no text below 12 pixels", small == 0, small)
            browser.shot(shots / f"{name}-{theme}.png")
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    browser.devtools("Emulation.setDeviceMetricsOverride", **DESK)

    browser.run("document.querySelector('.theme').click()")
    check("a press on the button chooses the other theme", browser.run("return document.documentElement.dataset.theme") == "dark")
    browser.run("document.querySelector('.theme').click()")

    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    browser.press("\ue004")
    check("the first press of Tab offers to skip", browser.run("return document.activeElement.className") == "skip")


def any_table(browser):
    """Sorting and filtering of the longest table, whatever it holds."""
    browser.run("document.querySelectorAll('details').forEach(details => { details.open = true })")
    found = browser.run(
        """
        const grids = [...document.querySelectorAll('[data-grid]')]
            .filter(grid => grid.querySelector('th.number button'))
            .filter(grid => grid.querySelectorAll('tbody tr').length < 200)
            .sort((a, b) => b.querySelectorAll('tbody tr').length - a.querySelectorAll('tbody tr').length);
        if (!grids.length) return null;
        const heads = [...grids[0].querySelectorAll('thead th')];
        return [grids[0].dataset.grid, heads.findLastIndex(head => head.classList.contains('number'))];
        """
    )
    check("there is a table with numbers", found is not None)
    table, column = found
    head = f"document.querySelectorAll('[data-grid=\"{table}\"] thead th')[{column}]"
    before = browser.run(SORTED, table, column)
    browser.run(f"{head}.querySelector('button').focus()")
    browser.press("\ue007")
    numbers = [float(value) for value in browser.run(SORTED, table, column) if value]
    check(f"table {table}: Enter on a head sorts {len(numbers)} numbers", numbers == sorted(numbers) and numbers)
    check(f"table {table}: the head says so", browser.run(f"return {head}.ariaSort") == "ascending")
    browser.press(" ", " ")
    check(f"table {table}: a third press restores the order", browser.run(SORTED, table, column) == before)

    word = browser.run(f"return document.querySelector('[data-grid=\"{table}\"] tbody tr').cells[0].textContent")
    search = f"document.querySelector('[data-grid=\"{table}\"] input')"
    browser.run(f"{search}.focus()")
    browser.press(*"no row has this")
    check(f"table {table}: what no row has filters all", browser.run(SORTED, table, 0) == [])
    browser.run(f"{search}.value = ''; {search}.dispatchEvent(new Event('input', {{bubbles: true}}))")
    browser.run(f"{search}.focus()")
    browser.press(*word)
    left = browser.run(SORTED, table, 0)
    said = browser.run(f"return document.querySelector('[data-grid=\"{table}\"] output').textContent")
    check(f"table {table}: `{word}` leaves rows", left and said.startswith(f"{len(left)} of {len(before)} "), said)
    browser.run(f"{search}.value = ''; {search}.dispatchEvent(new Event('input', {{bubbles: true}}))")


def plots(browser):
    """Any two columns, and all of them side by side."""
    if not browser.run("return document.querySelectorAll('[data-pick] option').length"):
        return
    points = "return document.querySelectorAll('#plots circle').length"
    check("two columns are plotted", browser.run(points) > 1, browser.run(points))
    for pick in ("table", "x", "y", "colour"):
        wrong = browser.run(
            f"""
            const pick = document.querySelector('[data-pick="{pick}"]');
            const empty = [];
            const chosen = pick.value;
            for (const value of [...[...pick.options].map(option => option.value), chosen]) {{
                pick.value = value;
                pick.dispatchEvent(new Event('change'));
                const numbers = document.querySelector('#plots').innerHTML.match(/NaN|undefined|Infinity/);
                if (numbers || !document.querySelector('#plots svg polyline')) empty.push([pick.selectedOptions[0].textContent, numbers]);
            }}
            return empty;
            """
        )
        check(f"every {pick} can be plotted", not wrong, wrong)
    alike = browser.run(
        """
        const ticks = [...document.querySelectorAll('#plots svg text[text-anchor=end]')].map(text => text.textContent);
        return ticks.length < 2 || new Set(ticks).size < ticks.length ? ticks : null;
        """
    )
    check("no two ticks read the same", alike is None, alike)
    browser.run("document.querySelector('#plots .hit').scrollIntoView({block: 'center', behavior: 'instant'})")
    box = browser.run("const b = document.querySelector('#plots .hit').getBoundingClientRect(); return [b.left, b.top, b.width, b.height]")
    x, top = round(box[0] + box[2] / 2), box[1]
    moves = [{"type": "pointerMove", "x": x, "y": round(top + part * box[3])} for part in (0.1, 0.3, 0.55)]
    actions = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
    browser.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": actions}]})
    kept = browser.run("return document.querySelector('#plots [role=status]').textContent")
    check("a drag along an axis keeps the rows in its range", "rows kept" in kept, kept)


def runs(browser):
    """Two runs, chosen."""
    if not browser.run("return !!document.getElementById('compare')"):
        return
    said = browser.run("return document.querySelector('#compare [role=status]').textContent")
    check("the newest two runs are compared", "have the same result" in said, said)
    browser.run("const first = document.querySelector('[data-run=first]'); first.value = 0; first.dispatchEvent(new Event('change'))")
    said = browser.run("return document.querySelector('#compare [role=status]').textContent")
    check("a run differs in nothing from itself", "and 0 another" in said, said)


def fixture(browser, shots):
    """What holds for the fixture, whose numbers are known."""
    table = "scores"
    head = f"document.querySelectorAll('[data-grid=\"{table}\"] thead th')[4]"
    before = browser.run(SORTED, table, 4)
    check("the table has its 81 rows", len(before) == 81, len(before))
    browser.run(f"{head}.querySelector('button').focus()")
    browser.press("\ue007")
    got = browser.run(SORTED, table, 4)
    numbers = [float(value) for value in got if value]
    check("Enter on a head sorts upwards, as numbers", numbers == sorted(numbers) and len(numbers) == 80)
    check("what is missing stands last", got[-1] == "")
    check("the head says so", browser.run(f"return {head}.ariaSort") == "ascending")
    browser.press(" ")
    got = browser.run(SORTED, table, 4)
    check("again sorts downwards", [float(v) for v in got if v] == numbers[::-1] and got[-1] == "")
    browser.press(" ")
    check("a third press restores the order", browser.run(SORTED, table, 4) == before)

    search = f"document.querySelector('[data-grid=\"{table}\"] input')"
    browser.run(f"{search}.focus()")
    browser.press(*"figure-8 map")
    methods = browser.run(SORTED, table, 1)
    check("typing filters by every word", methods == ["mapa"] * 12, methods)
    said = browser.run(f"return document.querySelector('[data-grid=\"{table}\"] output').textContent")
    check("the count says how many", said == "12 of 81 rows", said)
    choose = (
        f"const select = document.querySelector('[data-grid=\"{table}\"] [data-axis=\"samples\"]');"
        "select.value = '=50'; select.dispatchEvent(new Event('change', {bubbles: true}));"
    )
    browser.run(choose)
    check("a choice of an axis narrows it further", browser.run(SORTED, table, 2) == ["50"] * 3)
    browser.run("document.querySelector('#data').scrollIntoView()")
    browser.shot(shots / "filtered.png", whole=False)

    browser.run("const b = document.querySelector('[data-zoom]'); b.scrollIntoView(); b.focus()")
    browser.press("\ue007")
    wait = "return document.querySelector('dialog').open && parseFloat(document.querySelector('dialog img').style.width)"
    width = 0
    for _ in range(50):
        width = browser.run(wait)
        if width:
            break
    check("Enter on a figure opens it", bool(width))
    browser.press("+", "+")
    check("plus enlarges it", browser.run(wait) > 1.5 * width)
    browser.shot(shots / "zoomed.png", whole=False)
    browser.press("0")
    check("zero fits it again", abs(browser.run(wait) - width) < 1)
    browser.press("\ue00c")
    check("Escape closes it", not browser.run("return document.querySelector('dialog').open"))
    check("the focus is back on the figure", browser.run("return 'zoom' in document.activeElement.dataset"))

    verdicts = browser.run("return [...document.querySelectorAll('.claim h3 .verdict')].map(v => v.textContent)")
    words = [verdict.split()[-1] for verdict in verdicts]
    check("claims show their verdicts", words == ["holds", "holds", "undecided", "undecided"], words)
    check("text that looks like markup is text", browser.run("return document.querySelectorAll('script:not([type])').length") == 1)
    check("the critical path is marked", browser.run("return document.querySelectorAll('.gantt .critical').length") > 2)


def main():
    kind, page, shots = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    browser = Browser()
    try:
        browser.devtools("Emulation.setDeviceMetricsOverride", **DESK)
        browser.call("POST", "/url", {"url": page.as_uri()})
        any_page(browser, shots)
        any_table(browser)
        plots(browser)
        runs(browser)
        if kind == "fixture":
            fixture(browser, shots)
        errors = [entry["message"] for entry in browser.log("browser") if entry["level"] != "INFO"]
        check("the console has no error and no warning", not errors, errors)
        sent = []
        for entry in browser.log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                sent.append(message["params"]["request"]["url"])
        check("the page itself was loaded, so requests are seen", page.as_uri() in sent, sent[:3])
        left = [url for url in sent if url != page.as_uri() and not url.startswith("data:")]
        check(f"of {len(sent)} requests none leaves the page", not left, left[:3])
    finally:
        browser.close()


if __name__ == "__main__":
    main()
