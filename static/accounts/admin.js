// Lists of accounts, tasks and moves, what the bots tell of an account, and the progress
// of a move show what is true now: they are renewed in place.
(() => {
  const EVERY = 3000;
  const PAGES = ".model-discordaccount.change-list, .model-task.change-list, .model-movein.change-list";

  const table = (root) => root.querySelector("#result_list");
  const rows = (root) => [...(table(root)?.querySelectorAll("tr.data-row") ?? [])];
  const box = (row) => row.querySelector("input.action-select");

  // Whoever is choosing rows, or reading a menu, is not to be disturbed.
  function busy() {
    const here = table(document);
    return document.hidden || here?.contains(document.activeElement) ||
      rows(document).some((row) => box(row)?.checked) || Boolean(getSelection()?.toString());
  }

  function renew(row, next) {
    const from = [...next.children];
    [...row.children].forEach((cell, i) => {
      if (cell.querySelector("input.action-select")) {
        box(row).value = box(next).value;
      } else if (from[i] && cell.innerHTML !== from[i].innerHTML) {
        cell.replaceChildren(...from[i].childNodes);
      }
    });
  }

  async function look() {
    if (busy()) return;
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [old, fresh] = [rows(document), rows(page)];
    if (!fresh.length || busy()) return;
    if (old.length !== fresh.length) location.reload();
    else old.forEach((row, i) => renew(row, fresh[i]));
  }

  // A part of a page that awaits news says so by `data-asking`: what the bots are asked, a move.
  async function hear() {
    const here = document.querySelector("[id][data-asking]");
    if (!here || document.hidden || here.contains(document.activeElement)) return;
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(here.id);
    if (!fresh) return;
    const open = [...here.querySelectorAll("details")].map((it) => it.open);
    [...fresh.querySelectorAll("details")].forEach((it, i) => { it.open = open[i] ?? it.open; });
    here.replaceWith(fresh);
  }

  // On a small window a page's actions are behind a link that only has an icon. It is a
  // button with a name here, also for a keyboard.
  function nameActions() {
    const place = document.querySelector("[x-data*=showActions]");
    if (!place) return;
    const [button, list] = place.children;
    const isOpen = () => button.getAttribute("aria-expanded") === "true";
    const tell = () => button.setAttribute("aria-expanded", String(list.checkVisibility()));
    button.setAttribute("role", "button");
    button.setAttribute("aria-label", "Actions");
    new MutationObserver(tell).observe(list, { attributeFilter: ["class"] });
    tell();
    button.addEventListener("click", (event) => event.preventDefault());
    button.addEventListener("keydown", (event) => {
      if (event.key !== " " && !(event.key === "Escape" && isOpen())) return;
      event.preventDefault();
      button.click();
    });
  }

  // What the theme's scripts make has no name of its own.
  function name() {
    const places = [["#nav-sidebar-apps", "Menu"], ["#changelist-filter", "Filters"], [".formset-wrapper", "Rows below"]];
    for (const box of document.querySelectorAll(".simplebar-content-wrapper")) {
      const place = places.find(([where]) => box.closest(where));
      box.setAttribute("aria-label", place?.[1] ?? "Rows");
    }
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
      const words = select.labels[0]?.textContent.trim() ?? select.name;
      const made = select.nextElementSibling?.querySelectorAll('[role="combobox"], [role="textbox"]') ?? [];
      for (const each of made) each.setAttribute("aria-label", words);
    }
  }

  addEventListener("load", () => setTimeout(name));
  addEventListener("DOMContentLoaded", () => {
    nameActions();
    const step = document.body.matches(PAGES) ? look : hear;
    setInterval(() => step().catch(() => {}), EVERY);
  });
})();
