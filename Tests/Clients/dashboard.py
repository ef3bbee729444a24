#!/usr/bin/env python3
"""A real browser drives the page of a real daemon while a campaign runs: start, watch, look at a model, change a criterion, roll back, stop.

    python3 -m venv venv && venv/bin/pip install playwright && apt-get install chromium
    venv/bin/python Tests/Clients/dashboard.py BASE_URL CONFIG.yaml [--screenshots DIR]
    venv/bin/python Tests/Clients/dashboard.py BASE_URL --picture docs/dashboard.png     what a daemon shows, and nothing else

CONFIG is handed to the page as text; its campaign should take some seconds a round, and promote what it trains. Ends with a line `N passed, N failed`.
"""
import argparse, pathlib, re

from playwright.sync_api import expect, sync_playwright

from checks import check, finish


def step(claim, action):
    try:
        action()
    except Exception as error:
        check(False, f"{claim}: {str(error).splitlines()[0]}")
    else:
        check(True, claim)


def picture(arguments):
    """The page as a visitor sees it, of whatever campaigns the daemon has."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(arguments.base_url)
        expect(page.locator("#campaign-status")).not_to_be_empty()
        page.wait_for_timeout(1000)
        page.screenshot(path=arguments.picture)
        browser.close()
    print(f"{arguments.picture}: {pathlib.Path(arguments.picture).stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("config", nargs="?")
    parser.add_argument("--picture")
    parser.add_argument("--screenshots")
    arguments = parser.parse_args()
    if arguments.picture:
        return picture(arguments)
    yaml = pathlib.Path(arguments.config).read_text()
    name = re.search(r"^campaign: *(\S+)", yaml, re.M).group(1)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        complaints = []
        # Chromium itself reports a refused request as "Failed to load resource". Every other message is a fault of the page, breaches of its
        # Content-Security-Policy included.
        page.on("console", lambda message: message.type in ("error", "warning") and "Failed to load resource" not in message.text and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("data:", arguments.base_url)) or complaints.append(f"asked {request.url}"))

        page.goto(arguments.base_url + "/")
        page.click("#new-campaign")
        dialog = page.locator("#start-dialog")
        dialog.locator("textarea").fill("campaign: [")
        dialog.locator("button.primary").click()
        step("a configuration that is not valid YAML is answered in the dialog", lambda: expect(dialog.locator(".form-error")).to_contain_text("YAML"))
        dialog.locator("textarea").fill(yaml)
        dialog.locator("button.primary").click()
        step("the campaign appears", lambda: expect(page.locator("#campaign-name")).to_have_text(name, timeout=10_000))
        step("it runs", lambda: expect(page.locator("#campaign-status")).to_have_text("running", timeout=20_000))
        step("the connection is live", lambda: expect(page.locator("#connection")).to_contain_text("live"))
        step("progress is shown as it happens", lambda: expect(page.locator("#step-figures")).to_contain_text(re.compile(r"\d"), timeout=20_000))
        page.click("#criteria")
        page.locator("#criteria-dialog [name=rounds]").fill("50")
        page.locator("#criteria-dialog button.primary").click()
        step("a criterion changes", lambda: expect(page.locator("#criteria-chips")).to_contain_text("50", timeout=10_000))

        step("the first round ends", lambda: expect(page.locator('#round-list button[data-key="1"]')).to_be_visible(timeout=120_000))

        page.click("#tab-lineage")
        page.locator('#lineage-graph .node[data-key="1-sft"]').click()
        step("a model opens, with its accuracy by task", lambda: expect(page.locator("#model-panel")).to_contain_text("Digest"))
        page.click("#model-close")

        page.click("#tab-samples")
        step("samples are shown", lambda: expect(page.locator("#samples-list > li").first).to_be_visible(timeout=10_000))

        page.click("#pause")
        step("it pauses after the step", lambda: expect(page.locator("#campaign-status")).to_have_text("paused", timeout=60_000))
        page.click("#resume")
        step("it goes on", lambda: expect(page.locator("#campaign-status")).to_have_text("running", timeout=20_000))

        page.click("#rollback")
        page.locator("#rollback-dialog [name=to]").select_option("0")
        page.locator("#rollback-dialog [name=reason]").fill("a browser wants it")
        page.locator("#rollback-dialog [name=now]").check()
        page.locator("#rollback-dialog button.primary").click()
        step("it goes back to the start", lambda: expect(page.locator("#toast")).to_contain_text("the start", timeout=30_000))
        page.click("#tab-events")
        step("with the reason in the log", lambda: expect(page.locator("#event-list")).to_contain_text("a browser wants it", timeout=10_000))
        step("and goes on from there", lambda: expect(page.locator("#campaign-status")).to_have_text("running", timeout=20_000))

        for width, scheme in [(360, "light"), (800, "dark"), (1440, "light"), (1440, "dark")]:
            page.set_viewport_size({"width": width, "height": 1000})
            page.emulate_media(color_scheme=scheme)
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            check(overflow <= 0, f"nothing sticks out at {width} px: {overflow}")
            if arguments.screenshots:
                pathlib.Path(arguments.screenshots).mkdir(parents=True, exist_ok=True)
                page.screenshot(path=f"{arguments.screenshots}/{width}-{scheme}.png", full_page=True)

        page.click("#stop")
        page.locator("#stop-dialog [name=now]").check()
        page.locator("#stop-dialog button.danger").click()
        step("it stops", lambda: expect(page.locator("#campaign-status")).to_have_text("stopped", timeout=60_000))
        page.click("#tab-events")
        step("the log says so", lambda: expect(page.locator("#event-list")).to_contain_text("stopped by a person", timeout=10_000))
        check(not complaints, f"no console error: {complaints[:5]}")
        browser.close()
    finish()


if __name__ == "__main__":
    main()
