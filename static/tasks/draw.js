// The drawing page: a prompt goes out, cards come in and follow their tasks.
import { NoAnswer, byIds, cancel, imagine, newKey, newest, press } from "./api.js";
import { Card, aspectOf, isOpen, isPress, picturePath } from "./card.js";
import { follow } from "./live.js";
import { say } from "./texts.js";

const at = (id) => document.getElementById(id);
const me = document.body.dataset.user;
const cards = new Map();
const AR = /\s*--(?:ar|aspect)\s+\S+/gi;

// Columns without holes: each card spans as many of the grid's low rows as it is high.
const ROW = 4;
const measure = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const height = target.offsetHeight + parseFloat(getComputedStyle(target).marginBottom);
    target.style.gridRowEnd = `span ${Math.ceil(height / ROW)}`;
  }
});

// --- cards ----------------------------------------------------------------------

const actions = { copy, again, cancel: stop, press: pressButton, view, goTo, find: (id) => cards.get(id)?.task };

function show(task) {
  if (task.userId !== me) return;
  const card = cards.get(task.id);
  if (card) {
    const wasOpen = isOpen(card.task);
    if (!wasOpen && isOpen(task)) return; // an older answer that came late
    card.show(task);
    if (wasOpen && !isOpen(task)) announce(task.status === "SUCCESS" ? "finished" : "failedNews", task);
  } else {
    add(task);
  }
  if (isPress(task)) cards.get(task.parentId)?.markPressed(task.customId);
}

function add(task) {
  const card = new Card(task, actions);
  const after = [...cards.values()].filter((each) => Number(each.task.id) < Number(task.id));
  const next = after.reduce((a, b) => (!a || Number(b.task.id) > Number(a.task.id) ? b : a), null);
  at("cards").insertBefore(card.root, next?.root ?? null);
  measure.observe(card.root);
  cards.set(task.id, card);
  for (const each of cards.values()) {
    if (!isPress(each.task)) continue;
    if (each.task.parentId === task.id) {
      card.markPressed(each.task.customId);
      each.showOrigin();
    }
  }
  card.tick();
  at("empty").hidden = true;
}

function showAll(tasks) {
  at("cards").setAttribute("aria-busy", "false");
  at("cards").querySelectorAll(".skeleton").forEach((each) => each.remove());
  for (const task of tasks.slice().reverse()) show(task);
  at("empty").hidden = cards.size > 0;
}

async function refresh() {
  try {
    showAll(await newest());
    const ids = openIds();
    if (ids.length) (await byIds(ids)).forEach(show);
    return true;
  } catch {
    return false; // the next look, or the socket, will tell
  }
}

const openIds = () => [...cards.values()].filter((each) => isOpen(each.task)).map((each) => each.task.id);

// A card at once, with what is known; the row follows.
async function showNew(id, task) {
  if (!cards.has(id)) {
    show({
      id, userId: me, status: "NOT_START", progress: null, buttons: [], failReason: "", imageUrl: null,
      submitTime: Date.now(), parentId: null, customId: null, ...task,
    });
  }
  announce("started", cards.get(id).task);
  await byIds([id]).then((rows) => rows.forEach(show), () => {});
}

// --- what a person does -----------------------------------------------------------

let key = newKey();
let sending = false;

async function draw() {
  const prompt = at("prompt").value.trim();
  complain("");
  if (!prompt) {
    complain(say("empty"));
    at("prompt").focus();
    return;
  }
  if (sending) return;
  sending = true;
  at("composer").querySelector(".draw").disabled = true;
  try {
    const { id, ahead } = await imagine(at("speed").value, prompt, at("bot").value, key);
    key = newKey();
    at("prompt").value = "";
    fit();
    if (ahead > 0) toast(say("queued", { count: ahead }));
    await showNew(id, { prompt });
    scrollTo({ top: 0, behavior: "smooth" });
  } catch (error) {
    if (error instanceof NoAnswer) complain(say("noAnswer"));
    else {
      key = newKey();
      complain(say("refused", { why: error.message }));
    }
  } finally {
    sending = false;
    at("composer").querySelector(".draw").disabled = false;
  }
}

async function pressButton(task, customId, name) {
  try {
    const { id } = await press(at("speed").value, task.id, customId, newKey());
    const known = cards.has(id);
    await showNew(id, { prompt: task.prompt, parentId: task.id, customId, imageWidth: null });
    if (known) goTo(id);
    else toast(say("pressed", { what: name }), () => goTo(id));
  } catch (error) {
    toast(error instanceof NoAnswer ? say("noAnswer") : error.message, null, true);
  }
}

async function stop(task) {
  try {
    await cancel(task.id);
    (await byIds([task.id])).forEach(show);
    return true;
  } catch (error) {
    toast(error instanceof NoAnswer ? say("noAnswer") : error.message, null, true);
    return false;
  }
}

async function copy(task) {
  try {
    await navigator.clipboard.writeText(task.prompt);
    toast(say("copied"));
  } catch {
    toast(say("copyFailed"), null, true);
  }
}

function again(task) {
  at("prompt").value = task.prompt;
  if (task.botType) at("bot").value = task.botType;
  fit();
  at("prompt").focus();
  scrollTo({ top: 0, behavior: "smooth" });
}

function goTo(id) {
  const card = cards.get(id);
  if (!card) return;
  card.root.scrollIntoView({ behavior: "smooth", block: "center" });
  card.root.focus({ preventScroll: true });
}

function view(task) {
  const path = picturePath(task);
  at("viewer-picture").src = path;
  at("viewer-picture").alt = say("viewerAlt", { prompt: task.prompt.slice(0, 200) });
  at("viewer-link").href = path;
  at("viewer").showModal();
}

// --- the composer ------------------------------------------------------------------

function fit() {
  const box = at("prompt");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, 320)}px`;
  const has = AR.test(box.value);
  AR.lastIndex = 0;
  const aspect = aspectOf(box.value).join(":");
  for (const chip of document.querySelectorAll("[data-aspect]")) {
    chip.setAttribute("aria-pressed", String(has && chip.dataset.aspect === aspect));
  }
}

function pickAspect(chip) {
  const box = at("prompt");
  const bare = box.value.replace(AR, "").trimEnd();
  const off = chip.getAttribute("aria-pressed") === "true";
  box.value = off ? bare : `${bare} --ar ${chip.dataset.aspect}`.trimStart();
  fit();
}

function complain(text) {
  at("composer-error").textContent = text;
  at("composer-error").hidden = !text;
}

function remember(id) {
  const box = at(id);
  try {
    const kept = localStorage.getItem(`draw.${id}`);
    if ([...box.options].some((each) => each.value === kept)) box.value = kept;
    box.onchange = () => localStorage.setItem(`draw.${id}`, box.value);
  } catch {
    // private windows may have no storage
  }
}

// --- telling ------------------------------------------------------------------------

function toast(text, onClick = null, bad = false) {
  const box = document.createElement(onClick ? "button" : "p");
  box.className = bad ? "toast bad" : "toast";
  box.dataset.testid = "toast";
  box.textContent = text;
  if (onClick) box.onclick = () => { onClick(); box.remove(); };
  at("toasts").append(box);
  setTimeout(() => box.remove(), bad ? 8000 : 5000);
}

function announce(word, task) {
  at("news").textContent = say(word, { prompt: task.prompt.slice(0, 120) });
}

function showState(state) {
  at("live").dataset.state = state;
  at("live").querySelector(".live-word").textContent = say(state);
}

at("composer").onsubmit = (event) => { event.preventDefault(); draw(); };
at("prompt").oninput = () => { fit(); complain(""); };
at("prompt").onkeydown = (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); draw(); }
};
document.querySelectorAll("[data-aspect]").forEach((chip) => { chip.onclick = () => pickAspect(chip); });
document.querySelectorAll("[data-sample]").forEach((each) => {
  each.onclick = () => { at("prompt").value = each.dataset.sample; fit(); at("prompt").focus(); };
});
at("viewer").onclick = (event) => { if (event.target === at("viewer")) at("viewer").close(); };
["bot", "speed"].forEach(remember);
setInterval(() => cards.forEach((each) => each.tick()), 15000);
addEventListener("resize", () => cards.forEach((each) => each.tick()));
fit();
const untilThere = setInterval(async () => { if (await refresh()) clearInterval(untilThere); }, 3000);
refresh().then((there) => there && clearInterval(untilThere));
follow({ onTask: show, onState: showState, openIds, refresh });
