"""Page checks: axe's accessibility rules, and layout shifts while a page loads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Final, Literal

from playwright.sync_api import Browser, Page

from tests.e2e.admin_session import AdminSession
from tests.e2e.harness import Product

PHONE: Final = 360
DESK: Final = 1280
MOST_SHIFT: Final = 0.05
AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text()

# Counted as web.dev does: sessions of shifts, one second apart and five long at most.
SHIFTS: Final = """
window.shift = 0;
window.moved = [];
let [sum, first, last] = [0, 0, 0];
const nameOf = (node) => node?.id || node?.className || node?.nodeName;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const goesOn = entry.startTime - last < 1000 && entry.startTime - first < 5000;
    if (!goesOn) [sum, first] = [0, entry.startTime];
    last = entry.startTime;
    sum += entry.value;
    window.shift = Math.max(window.shift, sum);
    const parts = entry.sources.map((each) => nameOf(each.node));
    window.moved.push(`${entry.value.toFixed(3)} ${parts.join(", ")}`);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
# Colours during a transition are not checked.
_STILL: Final = (
    "*, ::before, ::after { transition: none !important; animation: none !important }"
)
# The admin's theme looks at the system's scheme once, when a page is opened.
_THEME: Final = """(scheme) => document.documentElement.hasAttribute("x-data") &&
    document.documentElement.classList.toggle("dark", scheme === "dark")"""
# The interface of Swagger is not ours: only the page around it is checked.
_RUN: Final = """async (rules) => {
  const only = rules.length ? { runOnly: { type: "rule", values: rules } } : {};
  const how = { ...only, resultTypes: ["violations"], preload: false };
  const found = await axe.run({ exclude: ["#swagger-ui"] }, how);
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)} `
    + (node.any[0]?.message ?? node.all[0]?.message ?? "").slice(0, 140)));
}"""
_ROW: Final = re.compile(r"/[^/]+/(change|history|delete|password|verification)/$")
_LINK: Final = re.compile(r'href="(/[^"#]*)"')


@contextmanager
def window(browser: Browser, product: Product) -> Iterator[Page]:
    """A phone's window without a session, which knows axe and counts shifts."""
    context = browser.new_context(
        viewport={"width": PHONE, "height": 740}, bypass_csp=True
    )
    context.add_init_script(SHIFTS)
    try:
        yield context.new_page()
    finally:
        context.close()


def barriers(page: Page) -> list[str]:
    """Return what axe finds on the page: on a phone and a desk, light and dark."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
        page.add_style_tag(content=_STILL)
    found = []
    for width in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            rules = [] if scheme == "light" else ["color-contrast"]
            found += [
                f"{width} {scheme} {each}" for each in _found(page, scheme, rules)
            ]
    return found


def _found(page: Page, scheme: Literal["light", "dark"], rules: list[str]) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    page.evaluate(_THEME, scheme)
    problems: list[str] = page.evaluate(_RUN, rules)
    return problems


def jumps(page: Page) -> list[str]:
    """Return the layout shifts since the page was opened, if they are too many."""
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    if page.evaluate("window.shift") < MOST_SHIFT:
        return []
    moved: list[str] = page.evaluate("window.moved")
    return moved


def is_wider_than_the_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def admin_pages(product: Product) -> list[str]:
    """Return an address of each kind of page that links of the admin lead to.

    Histories are alike: one is enough.
    """
    session = AdminSession(product)
    found: dict[str, str] = {}
    todo = ["/admin/"]
    while todo:
        path = todo.pop()
        kind = "history" if path.endswith("/history/") else _ROW.sub(r"/N/\1/", path)
        if kind in found:
            continue
        found[kind] = path
        links = _LINK.findall(session.page(path))
        todo += [link for link in (_plain(each) for each in links) if link]
    return list(found.values())


def _plain(link: str) -> str:
    path = link.partition("?")[0]
    is_page = path.startswith("/admin/") and not path.endswith(
        ("logout/", "jsi18n/", "export/")
    )
    return path if is_page else ""
