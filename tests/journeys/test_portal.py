"""An operator in a real browser: from the home page to a receipt, in both languages and looks."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.running import free_port

CHROMIUM = Path("/usr/bin/chromium")
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[str, dict[str, str]]]:
    """A demo's address and the passwords of its people."""
    home, port = Path(tempfile.mkdtemp(prefix="xinglin-portal-")), free_port()
    environment = os.environ | {"XINGLIN_HOME": str(home), "XINGLIN_PORT": str(port), "LANG": "C.UTF-8"}
    environment.pop("XINGLIN_DATABASE_URL", None)
    command = [sys.executable, "-u", "-m", "xinglin", "demo", "--people", "25"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        lines = (home / "demo" / "logins.txt").read_text(encoding="utf-8").splitlines()
        yield f"http://localhost:{port}", dict(line.split("\t", 1) for line in lines)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    shutil.rmtree(home)


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium isn't installed (apt: chromium)")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_home_to_a_receipt(demo: tuple[str, dict[str, str]], scripts: bool) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import Page, sync_playwright

    root, logins = demo
    complaints: list[str] = []

    def look(page: Page, title: str) -> None:
        page.wait_for_load_state("load")
        assert page.locator("h1").inner_text() == title
        assert not page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        if scripts:
            found = Axe().run(page, options=AXE).response["violations"]
            assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        context = browser.new_context(
            locale="zh-CN", viewport={"width": 1366, "height": 768}, java_script_enabled=scripts
        )
        page = context.new_page()
        page.goto(f"{root}/sources")
        page.fill("#login", "operator")
        page.fill("#password", logins["operator"])
        page.click("main form button")
        page.wait_for_url(f"{root}/sources")
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        look(page, "来源")
        if scripts:
            assert page.locator("[data-chart] svg").count() == 1
        page.locator("#t-sources th a").first.click()
        page.wait_for_url(re.compile("sources.sort="))
        page.locator("#t-sources tbody a").first.click()
        page.locator("#t-deliveries tbody a").first.click()
        page.wait_for_url(re.compile("/deliveries/"))
        page.locator("button[name=language]").click()
        page.wait_for_load_state("load")
        assert page.locator("h1").inner_text().startswith("Delivery ")
        page.locator("summary[aria-label='Light or dark']").click()
        page.locator("button[value=dark]").click()
        page.wait_for_load_state("load")
        assert page.locator("html").get_attribute("data-bs-theme") == "dark"
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{root}/")
        look(page, page.locator("h1").inner_text())
        page.goto(f"{root}/system")
        look(page, "System")
        page.goto(f"{root}/account")
        look(page, "My account")
        page.locator("main form[action='/logout'] button").click()
        page.wait_for_load_state("load")
        page.goto(f"{root}/sources")
        assert page.url.startswith(f"{root}/login?next=%2Fsources")
        browser.close()
    assert not complaints
