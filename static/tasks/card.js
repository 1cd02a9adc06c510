// One drawing as a card, changed in place so that nothing jumps and focus stays.
import { faceOf, hasHeart, isBookmark, isRegion, pressName, pressedFace, textNumber } from "./buttons.js";
import { Media, picturePath } from "./media.js";
import { offersOf, showOffers } from "./offers.js";
import { inOwnLanguage, say, timeAgo } from "./texts.js";

const OPEN = new Set(["NOT_START", "SUBMITTED", "MODAL", "IN_PROGRESS"]);
const WORDLESS = new Set(["DESCRIBE", "BLEND", "INPAINT", "SWAP_FACE", "SWAP_VIDEO_FACE"]);

export const isOpen = (task) => OPEN.has(task.status);
export const isPress = (task) => Boolean(task.parentId && task.customId);
export const asks = (task) => task.status === "MODAL";

// Pictures stand before the words and after `--end` as links; they say nothing to a person.
function wordsOf(prompt) {
  const words = prompt.replace(/^(?:<?https?:\/\/\S+\s+)+(?=\S)/i, "");
  return words.replace(/\s--end\s+<?https?:\/\/\S+/i, "");
}

// What a card is called: its prompt, or what it is where there is none.
export function titleOf(task) {
  if (task.action === "DESCRIBE") return say("title_DESCRIBE");
  const waiting = asks(task) ? task.properties?.finalPrompt : "";
  return wordsOf(waiting || task.prompt) || say(WORDLESS.has(task.action) ? `title_${task.action}` : "untitled");
}

// Why it waits, and how long until its picture, in minutes from two on.
function waitsOf(task) {
  if (!isOpen(task) || asks(task)) return "";
  const { waitingFor, etaSeconds } = task.properties ?? {};
  if (!waitingFor) return "";
  const why = inOwnLanguage(waitingFor);
  const text = why[0].toUpperCase() + why.slice(1);
  if (!etaSeconds) return text;
  const long = etaSeconds >= 120;
  const time = say(long ? "minutes" : "seconds", { count: long ? Math.round(etaSeconds / 60) : etaSeconds });
  return say("waits", { text, time });
}

export class Card {
  constructor(task, actions) {
    this.task = task;
    this.actions = actions;
    const root = document.getElementById("card").content.firstElementChild.cloneNode(true);
    const part = (selector) => root.querySelector(selector);
    this.root = root;
    this.parts = {
      word: part(".media-word"), waits: part(".waits"), bar: part(".bar"), fill: part(".bar i"), state: part(".state"),
      origin: part(".origin"), time: part("time"), prompt: part(".prompt"), more: part(".more"),
      final: part(".final"), reason: part(".reason"), asking: part(".asking"), texts: part(".texts"), presses: part(".presses"),
      copy: part('[data-do="copy"]'), again: part('[data-do="again"]'), seed: part('[data-do="seed"]'),
      cancel: part('[data-do="cancel"]'), answer: part('[data-do="answer"]'),
    };
    root.dataset.id = task.id;
    this.media = new Media(root);
    this.facesKey = "";
    this.pressed = new Set();
    this.listen();
    this.show(task);
  }

  listen() {
    const { copy, again, cancel, origin, more, prompt, seed, answer, asking } = this.parts;
    copy.textContent = say("copy");
    again.textContent = say("again");
    cancel.textContent = say("cancel");
    more.textContent = say("more");
    answer.textContent = say("answer");
    asking.querySelector("p").textContent = say("asking");
    copy.onclick = () => this.actions.copy(this.task.prompt, "copied");
    again.onclick = () => this.actions.again(this.task);
    cancel.onclick = () => {
      cancel.disabled = true;
      cancel.textContent = say("cancelling");
      this.actions.cancel(this.task).then((asked) => asked || this.allowCancel());
    };
    answer.onclick = () => this.actions.answer(this.task);
    seed.onclick = () => this.askSeed();
    origin.onclick = () => this.actions.goTo(this.task.parentId);
    this.media.link.onclick = (event) => {
      const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey);
      if (!this.media.link.hasAttribute("href") || !isPlain) return;
      event.preventDefault();
      this.actions.view(this.task);
    };
    more.onclick = () => {
      const open = prompt.classList.toggle("whole");
      more.textContent = say(open ? "less" : "more");
      more.setAttribute("aria-expanded", String(open));
    };
  }

  allowCancel() {
    this.parts.cancel.disabled = false;
    this.parts.cancel.textContent = say("cancel");
  }

  async askSeed() {
    const { seed } = this.parts;
    if (this.task.seed) {
      this.actions.copy(this.task.seed, "seedCopied");
      return;
    }
    seed.disabled = true;
    seed.textContent = say("seedAsking");
    const found = await this.actions.seed(this.task);
    seed.disabled = false;
    if (found) this.task = { ...this.task, seed: found };
    this.showTools();
  }

  show(task) {
    this.task = { ...task, seed: task.seed || this.task.seed || null };
    const { state, prompt, reason, asking, texts } = this.parts;
    const title = titleOf(task);
    this.root.dataset.status = task.status;
    state.textContent = say(task.status);
    if (prompt.textContent !== title) prompt.textContent = title;
    reason.hidden = !task.failReason;
    reason.textContent = inOwnLanguage(task.failReason);
    asking.hidden = !asks(task);
    this.showFinal(task.properties?.finalZhPrompt);
    showOffers(texts, task, this.pressed, this.actions);
    this.showTools();
    this.showOrigin();
    this.showProgress();
    this.media.show(task);
    this.showButtons();
    this.tick();
  }

  // What was drawn, translated back for who writes Chinese.
  showFinal(prompt) {
    const { final } = this.parts;
    const [label, words] = final.children;
    final.hidden = !prompt;
    label.textContent = say("finalPrompt");
    words.textContent = prompt ?? "";
  }

  showTools() {
    const { copy, again, seed, cancel } = this.parts;
    const { task } = this;
    const hasPrompt = Boolean(task.prompt) && task.action !== "DESCRIBE" && !isRegion(task.customId) && !asks(task);
    copy.hidden = !task.prompt || asks(task);
    again.hidden = !hasPrompt;
    seed.hidden = !(task.seed || (task.status === "SUCCESS" && task.jobId && picturePath(task)));
    if (!seed.disabled) seed.textContent = task.seed ? say("seed", { seed: task.seed }) : say("seedAsk");
    seed.title = say(task.seed ? "seedCopy" : "seedAsk");
    cancel.hidden = !isOpen(task);
  }

  showOrigin() {
    const { origin } = this.parts;
    origin.hidden = !isPress(this.task);
    if (origin.hidden) return;
    const parent = this.actions.find(this.task.parentId);
    origin.textContent = `↳ ${pressedFace(this.task.customId, parent)}`;
    const what = pressName(this.task.customId);
    origin.title = say("fromParent", { what });
    origin.setAttribute("aria-label", origin.title);
  }

  showProgress() {
    const { bar, fill, word } = this.parts;
    const { status, progress } = this.task;
    const open = isOpen(this.task) && !asks(this.task);
    const known = open ? parseInt(progress ?? "0", 10) || 0 : 0;
    bar.hidden = !open;
    bar.setAttribute("aria-label", say("progress"));
    bar.setAttribute("aria-valuenow", String(known));
    bar.setAttribute("aria-valuetext", `${say(status)}, ${known}%`);
    bar.classList.toggle("waiting", open && known === 0);
    fill.style.width = `${known}%`;
    word.textContent = status === "IN_PROGRESS" ? `${known}%` : "";
    this.parts.waits.textContent = waitsOf(this.task);
  }

  showButtons() {
    const { presses } = this.parts;
    const offered = new Set(offersOf(this.task).map((each) => each.customId));
    const all = this.task.status === "SUCCESS" ? this.task.buttons || [] : [];
    const buttons = all.filter((each) => !offered.has(each.customId));
    const key = JSON.stringify(buttons);
    if (key !== this.facesKey) {
      this.facesKey = key;
      const isGrid = !offered.size && buttons.every((each) => faceOf(each).length <= 3);
      presses.classList.toggle("grid", isGrid);
      presses.replaceChildren(...buttons.map((each) => this.button(each)));
      presses.hidden = !buttons.length;
    }
    for (const button of presses.children) {
      button.classList.toggle("pressed", this.pressed.has(button.dataset.customId));
    }
    this.showHeart();
  }

  showHeart() {
    for (const button of this.parts.presses.children) {
      if (!isBookmark(button.dataset.customId)) continue;
      const loved = hasHeart(this.task.id);
      button.textContent = loved ? "♥" : "♡";
      button.classList.toggle("loved", loved);
      button.setAttribute("aria-pressed", String(loved));
    }
  }

  button(each) {
    const button = document.createElement("button");
    const face = textNumber(each.customId) ? pressName(each.customId) : faceOf(each);
    const name = pressName(each.customId, each);
    button.type = "button";
    button.className = "press";
    button.dataset.customId = each.customId;
    button.dataset.testid = isBookmark(each.customId) ? "bookmark" : "press";
    button.textContent = face || "•";
    button.title = name;
    button.setAttribute("aria-label", name === face || isBookmark(each.customId) ? name : `${face}, ${name}`);
    button.onclick = async () => {
      button.disabled = true;
      await this.actions.press(this.task, each.customId, name);
      button.disabled = false;
      this.showHeart();
      if (document.activeElement === document.body) button.focus({ preventScroll: true });
    };
    return button;
  }

  markPressed(customId) {
    this.pressed.add(customId);
    this.showButtons();
    showOffers(this.parts.texts, this.task, this.pressed, this.actions);
  }

  tick() {
    const { time, prompt, more } = this.parts;
    const ms = this.task.submitTime || Number(this.task.id) / 1000;
    time.textContent = timeAgo(ms);
    time.dateTime = new Date(ms).toISOString();
    time.title = new Date(ms).toLocaleString();
    if (!prompt.classList.contains("whole") && prompt.clientHeight) {
      more.hidden = prompt.scrollHeight <= prompt.clientHeight + 2;
    }
  }
}
