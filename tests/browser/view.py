"""Watches a run by the page of `sweepline view`, in Chromium: view.py PROGRAM SHOTS."""

import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from drive import DESK, PHONE, Browser, check

MANIFEST = """\
experiment: slow
axes:
  at: [0, 1, 2, 3, 4, 5, 6, 7]
  rate: [0.1, 0.2]
stages:
  fit:
    uses: command
    with:
      run: |
        for part in 1 2 3 4; do echo "loss=$((part + ${at})).5"; sleep 0.3; done
        test "${at}" != 3
        echo "{\\"loss\\": ${at}.25, \\"rate\\": ${rate}}" > scores.json
      metrics: scores.json
  table:
    uses: table/summary
    in: {rows: fit}
    missing: allow
    with: {values: [loss], by: [at, rate]}
"""

STATE = "const live = document.getElementById('live'); return live && live.querySelector('.state') ? live.querySelector('.state').textContent : ''"


def settled(browser):
    """How many steps the page says have ended, of how many."""
    found = re.search(r"(\d+) of (\d+) steps", browser.run(STATE))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def until(browser, what, holds, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return check(what, True)
        time.sleep(0.1)
    check(what, False, browser.run(STATE))


def refused(address, **headers):
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def main():
    program, shots = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "slow.yaml").write_text(MANIFEST)
        (folder / "sweepline.toml").touch()
        look = subprocess.Popen([program, "view", "slow.yaml"], cwd=folder, stderr=subprocess.PIPE, text=True)
        browser = Browser()
        try:
            address = next(found[0] for line in look.stderr if (found := re.search(r"http://\S+", line)))
            browser.devtools("Emulation.setDeviceMetricsOverride", **DESK)
            browser.call("POST", "/url", {"url": address})
            until(browser, "before the run the page waits for one", lambda: "waits" in browser.run(STATE))
            run = subprocess.Popen(
                [program, "run", "slow.yaml", "-j", "2", "--progress", "none"],
                cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            until(browser, "the page follows the run", lambda: 0 < settled(browser)[0] < settled(browser)[1])
            until(browser, "a step under way is shown with its numbers", lambda: browser.run(
                "return [...document.querySelectorAll('#live table.running td')].some(td => td.textContent.includes('loss'))"))
            for name, metrics in (("phone", PHONE), ("desk", DESK)):
                browser.devtools("Emulation.setDeviceMetricsOverride", **metrics)
                over = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                check(f"{name}: nothing hangs over the side", over <= 0, over)
                browser.shot(shots / f"view-{name}.png", whole=False)
            first = settled(browser)[0]
            until(browser, "it goes on", lambda: settled(browser)[0] > first)
            run.wait(120)
            until(browser, "the end is told", lambda: "Ended" in browser.run(STATE))
            check("with what failed", "2 failed" in browser.run("return document.getElementById('live').textContent"))
            until(browser, "and the results stand on the page", lambda: browser.run(
                "return [...document.querySelectorAll('td')].some(td => td.textContent.trim() === '7.250')"))
            browser.shot(shots / "view-ended.png")

            base = re.match(r"http://[^/]+", address)[0]
            check("without the token nothing is told", refused(base + "/state") == 403)
            check("nor to another host's name", refused(address, Host="example.org") in (400, 403))
            errors = [entry["message"] for entry in browser.log("browser") if entry["level"] == "SEVERE"]
            check("the console has no error", not errors, errors)
            look.terminate()
            look.wait(10)
            until(browser, "the page says that its program has ended", lambda: "has ended" in browser.run(
                "return document.getElementById('live').textContent"))
        finally:
            browser.close()
            look.kill()


main()
