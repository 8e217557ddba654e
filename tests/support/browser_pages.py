"""Pages of `refvr explain` in a browser."""
import base64
import shutil

import numpy as np
import pytest


def values_of(part):
    return np.frombuffer(base64.b64decode(part["f4"]), "<f4").reshape(part["size"])


def in_tab(out, does):
    """Open a page in Chromium and call does(tab); nothing may be complained of."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing (pip install 'refvr[browser]')")
    if not chromium():
        pytest.skip("there is no Chromium on this machine")
    with api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            tab, errors = browser.new_page(viewport={"width": 1300, "height": 1000}), []
            tab.on("pageerror", lambda error: errors.append(str(error)))
            tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            tab.goto(out.as_uri())
            does(tab)
            assert not errors
        finally:
            browser.close()


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
