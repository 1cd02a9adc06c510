// The drawing page: requests go out, cards come in and follow their tasks.
import { answerWindow, byIds, cancel, create, newest, press, seedOf } from "./api.js";
import { isAll, isBookmark, toggleHeart } from "./buttons.js";
import { Card, asks, isOpen, isPress, titleOf } from "./card.js";
import { fill, speed, startComposer } from "./composer.js";
import { follow } from "./live.js";
import { picturePath } from "./media.js";
import { offersOf } from "./offers.js";
import { announce, at, complain, toast } from "./tell.js";
import { say } from "./texts.js";
import { closeWindow, openTask, openWindow } from "./window.js";

const me = document.body.dataset.user;
const cards = new Map();

// Columns without holes: each card spans as many of the grid's low rows as it is high.
const ROW = 4;
const measure = new ResizeObserver((entries) => fit(entries.map((each) => each.target)));

// All are measured before the first is changed, so that the page is laid out once.
function fit(roots) {
  const heights = roots.map((each) => each.offsetHeight + parseFloat(getComputedStyle(each).marginBottom));
  roots.forEach((each, place) => { each.style.gridRowEnd = `span ${Math.ceil(heights[place] / ROW)}`; });
}

// --- cards ----------------------------------------------------------------------

const actions = {
  again, answer, cancel: stop, copy, drawText, editText, goTo, view,
  find: (id) => cards.get(id)?.task,
  press: pressButton,
  seed: askSeed,
};

function show(task) {
  const made = place(task);
  if (made) fit([made.root]); // now: the observer comes after the page has jumped
}

// Returns the card, if it is a new one.
function place(task) {
  if (task.userId !== me) return null;
  const card = cards.get(task.id);
  let made = null;
  if (card) {
    const wasOpen = isOpen(card.task);
    if (!wasOpen && isOpen(task)) return null; // an older answer that came late
    card.show(task);
    if (wasOpen && !isOpen(task)) tell(task.status === "SUCCESS" ? "finished" : "failedNews", task);
  } else {
    made = add(task);
  }
  if (isPress(task)) cards.get(task.parentId)?.markPressed(task.customId);
  if (openTask() === task.id && !asks(task)) closeWindow();
  return made;
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
  return card;
}

function showAll(tasks) {
  at("cards").setAttribute("aria-busy", "false");
  at("cards").querySelectorAll(".skeleton").forEach((each) => each.remove());
  const made = tasks.slice().reverse().map(place).filter(Boolean);
  fit(made.map((each) => each.root));
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

const look = (id) => byIds([id]).then((rows) => rows.forEach(show), () => {});

// A card at once, with what is known; the row follows.
async function showNew(id, task) {
  if (!cards.has(id)) {
    show({
      id, userId: me, status: "NOT_START", action: null, prompt: "", progress: null, buttons: [],
      failReason: "", imageUrl: null, submitTime: Date.now(), parentId: null, customId: null, ...task,
    });
  }
  tell("started", cards.get(id).task);
  await look(id);
}

async function find(id) {
  if (!cards.has(id)) await look(id);
  if (!cards.has(id)) throw new Error(say("gone"));
  return cards.get(id).task;
}

const tell = (word, task) => announce(say(word, { prompt: titleOf(task).slice(0, 120) }));

// --- buttons and their windows ------------------------------------------------------

async function pressButton(task, customId, name) {
  try {
    if (isBookmark(customId)) await bookmark(task, customId);
    else await showPressed(task, customId, name, await press(speed(), task.id, customId));
  } catch (error) {
    complain(error);
  }
}

async function bookmark(task, customId) {
  await press(speed(), task.id, customId);
  toast(say(toggleHeart(task.id) ? "bookmarked" : "unbookmarked"));
}

async function showPressed(task, customId, name, made) {
  const { id, ids, asks: opens, offered } = made;
  const known = cards.has(id);
  const offers = isAll(customId) ? offersOf(task) : [];
  await Promise.all(ids.map((each, place) => showNew(each, {
    prompt: offers[place]?.text ?? task.prompt,
    parentId: task.id,
    customId: offers[place]?.customId ?? customId,
    ...(opens && { status: "MODAL", properties: { finalPrompt: offered } }),
  })));
  if (opens) answer(cards.get(id).task);
  else if (known) goTo(id);
  else toast(say("pressed", { what: name }), { onClick: () => goTo(id) });
}

function answer(task) {
  return openWindow(task, find, {
    answered: (each) => { look(each.id); goTo(each.id); },
    cancelled: stop,
    refused: (each) => look(each.id),
    closed: (each) => cards.get(each?.id)?.root.focus({ preventScroll: true }),
  });
}

// A found prompt as it stands: its window is answered without being shown.
async function drawText(task, customId, text) {
  try {
    if (!customId) {
      const { id } = await create(speed(), "imagine", { prompt: text, botType: task.botType });
      await showNew(id, { prompt: text, action: "IMAGINE" });
      toast(say("pressed", { what: text.slice(0, 60) }), { onClick: () => goTo(id) });
      return;
    }
    const made = await press(speed(), task.id, customId);
    if (made.asks) await answerWindow(made.id, text);
    await showNew(made.id, { prompt: text, parentId: task.id, customId, action: "IMAGINE" });
    toast(say("pressed", { what: text.slice(0, 60) }), { onClick: () => goTo(made.id) });
  } catch (error) {
    complain(error);
  }
}

async function editText(task, customId, text) {
  if (customId) await pressButton(task, customId, text);
  else fill(text, { botType: task.botType });
}

async function stop(task) {
  try {
    await cancel(task.id);
    (await byIds([task.id])).forEach(show);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

// --- the rest of what a card can do ---------------------------------------------------

async function askSeed(task) {
  try {
    return await seedOf(task.id);
  } catch (error) {
    complain(error);
    return "";
  }
}

async function copy(text, word) {
  try {
    await navigator.clipboard.writeText(text);
    toast(say(word));
  } catch {
    toast(say("copyFailed"), { bad: true });
  }
}

function again(task) {
  const mode = { SHORTEN: "shorten", VIDEO: "video" }[task.action] ?? "draw";
  fill(task.prompt, { mode, botType: task.botType });
}

async function goTo(id) {
  try {
    await find(id);
  } catch (error) {
    complain(error);
    return;
  }
  const card = cards.get(id);
  card.root.scrollIntoView({ behavior: "smooth", block: "center" });
  card.root.focus({ preventScroll: true });
}

function view(task) {
  const path = picturePath(task);
  at("viewer-picture").src = path;
  at("viewer-picture").alt = say("viewerAlt", { prompt: titleOf(task).slice(0, 200) });
  at("viewer-link").href = path;
  at("viewer").showModal();
}

function showState(state) {
  at("live").dataset.state = state;
  at("live").querySelector(".live-word").textContent = say(state);
}

startComposer(async (id, known) => {
  await showNew(id, known);
  scrollTo({ top: 0, behavior: "smooth" });
});
at("viewer").onclick = (event) => { if (event.target === at("viewer")) at("viewer").close(); };
setInterval(() => cards.forEach((each) => each.tick()), 15000);
addEventListener("resize", () => cards.forEach((each) => each.tick()));
const untilThere = setInterval(async () => { if (await refresh()) clearInterval(untilThere); }, 3000);
refresh().then((there) => there && clearInterval(untilThere));
follow({ onTask: show, onState: showState, openIds, refresh });
