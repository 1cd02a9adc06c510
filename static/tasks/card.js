// One drawing as a card, changed in place so that nothing jumps and focus stays.
import { say, timeAgo } from "./texts.js";

const OPEN = new Set(["NOT_START", "SUBMITTED", "MODAL", "IN_PROGRESS"]);
const TRIES = 5;

export const isOpen = (task) => OPEN.has(task.status);
export const isPress = (task) => Boolean(task.parentId && task.customId);

// Links carry the public address; the same picture is at our own, whatever that is.
export function picturePath(task) {
  return task.imageUrl ? new URL(task.imageUrl, location.href).pathname : "";
}

export function aspectOf(prompt) {
  const found = [...prompt.matchAll(/--(?:ar|aspect)\s+(\d{1,3}):(\d{1,3})(?=\s|$)/gi)].pop();
  return found ? [Number(found[1]) || 1, Number(found[2]) || 1] : [1, 1];
}

// What a button does, in words: its face is often a sign only.
export function pressName(customId, button = {}) {
  let found;
  if ((found = /::upsample::(\d)/.exec(customId))) return say("upscale", { index: found[1] });
  if ((found = /::variation::(\d)/.exec(customId))) return say("vary", { index: found[1] });
  if (/::reroll::/.test(customId)) return say("reroll");
  return button.label || button.emoji || customId.split("::")[2] || customId;
}

function faceOf(customId, parent) {
  const button = parent?.buttons?.find((each) => each.customId === customId);
  if (button) return [button.emoji, button.label].filter(Boolean).join(" ");
  const found = /::(upsample|variation)::(\d)/.exec(customId);
  return found ? (found[1] === "upsample" ? "U" : "V") + found[2] : pressName(customId);
}

// Pictures far below are not fetched before somebody scrolls there.
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) near.get(target)?.();
}, { rootMargin: "800px" });
const near = new WeakMap();

export class Card {
  constructor(task, actions) {
    this.task = task;
    this.actions = actions;
    const root = document.getElementById("card").content.firstElementChild.cloneNode(true);
    const part = (selector) => root.querySelector(selector);
    this.root = root;
    this.parts = {
      media: part(".media"), picture: part("img"), word: part(".media-word"),
      bar: part(".bar"), fill: part(".bar i"), state: part(".state"), origin: part(".origin"),
      time: part("time"), prompt: part(".prompt"), more: part(".more"), reason: part(".reason"),
      presses: part(".presses"), copy: part('[data-do="copy"]'),
      again: part('[data-do="again"]'), cancel: part('[data-do="cancel"]'),
    };
    root.dataset.id = task.id;
    this.facesKey = "";
    this.pressed = new Set();
    this.isNear = false;
    near.set(root, () => {
      watcher.unobserve(root);
      this.isNear = true;
      this.showPicture();
    });
    watcher.observe(root);
    this.listen();
    this.show(task);
  }

  listen() {
    const { copy, again, cancel, origin, media, more, prompt } = this.parts;
    copy.textContent = say("copy");
    again.textContent = say("again");
    cancel.textContent = say("cancel");
    more.textContent = say("more");
    copy.onclick = () => this.actions.copy(this.task);
    again.onclick = () => this.actions.again(this.task);
    cancel.onclick = () => {
      cancel.disabled = true;
      cancel.textContent = say("cancelling");
      this.actions.cancel(this.task).then((asked) => asked || this.allowCancel());
    };
    origin.onclick = () => this.actions.goTo(this.task.parentId);
    media.onclick = (event) => {
      if (!media.hasAttribute("href") || event.ctrlKey || event.metaKey || event.shiftKey) return;
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

  show(task) {
    this.task = task;
    const { state, prompt, reason, cancel } = this.parts;
    const open = isOpen(task);
    this.root.dataset.status = task.status;
    state.textContent = say(task.status);
    if (prompt.textContent !== task.prompt) prompt.textContent = task.prompt;
    reason.hidden = !task.failReason;
    reason.textContent = task.failReason || "";
    cancel.hidden = !open;
    this.showOrigin();
    this.showProgress(open);
    this.showPicture();
    this.showButtons();
    this.tick();
  }

  showOrigin() {
    const { origin } = this.parts;
    origin.hidden = !isPress(this.task);
    if (origin.hidden) return;
    const parent = this.actions.find(this.task.parentId);
    origin.textContent = `↳ ${faceOf(this.task.customId, parent)}`;
    const what = pressName(this.task.customId);
    origin.title = say("fromParent", { what });
    origin.setAttribute("aria-label", origin.title);
    origin.disabled = !parent;
  }

  showProgress(open) {
    const { bar, fill, word } = this.parts;
    const known = open ? parseInt(this.task.progress ?? "0", 10) || 0 : 0;
    bar.hidden = !open;
    bar.setAttribute("aria-label", say("progress"));
    bar.setAttribute("aria-valuenow", String(known));
    bar.setAttribute("aria-valuetext", `${say(this.task.status)}, ${known}%`);
    bar.classList.toggle("waiting", open && known === 0);
    fill.style.width = `${known}%`;
    word.textContent = this.task.status === "IN_PROGRESS" ? `${known}%` : "";
  }

  showPicture(tries = 0) {
    const { media, picture } = this.parts;
    const { imageWidth: width, imageHeight: height } = this.task;
    const [w, h] = width && height ? [width, height] : aspectOf(this.task.prompt);
    media.style.aspectRatio = String(Math.min(Math.max(w / h, 0.8), 1.9));
    const path = picturePath(this.task);
    if (path && path !== this.path && this.isNear) this.load(path, tries);
    if (!path && !isOpen(this.task)) media.removeAttribute("href");
    const kind = isOpen(this.task) ? "preview" : "picture";
    picture.alt = say(kind, { prompt: this.task.prompt.slice(0, 200) });
  }

  // The next picture takes the place of the last one when it is there, not before.
  load(path, tries) {
    this.path = path;
    const { media, picture } = this.parts;
    const next = new Image();
    next.onload = () => {
      if (this.path !== path) return;
      picture.src = path;
      picture.hidden = false;
      media.href = path;
      this.root.classList.add("has-picture");
    };
    next.onerror = () => {
      if (this.path !== path) return;
      this.path = "";
      if (tries < TRIES) setTimeout(() => this.path || this.showPicture(tries + 1), 1000 * 2 ** tries);
    };
    next.src = path;
  }

  showButtons() {
    const { presses } = this.parts;
    const buttons = this.task.status === "SUCCESS" ? this.task.buttons || [] : [];
    const key = JSON.stringify(buttons);
    if (key !== this.facesKey) {
      this.facesKey = key;
      const faces = buttons.map((each) => [each.emoji, each.label].filter(Boolean).join(" "));
      presses.classList.toggle("grid", faces.every((face) => face.length <= 3));
      presses.replaceChildren(...buttons.map((each, i) => this.button(each, faces[i])));
      presses.hidden = !buttons.length;
    }
    for (const button of presses.children) {
      button.classList.toggle("pressed", this.pressed.has(button.dataset.customId));
    }
  }

  button(each, face) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "press";
    button.dataset.customId = each.customId;
    button.dataset.testid = "press";
    button.textContent = face || "•";
    const name = pressName(each.customId, each);
    button.title = name;
    button.setAttribute("aria-label", name === face ? name : `${face}, ${name}`);
    button.onclick = async () => {
      button.disabled = true;
      await this.actions.press(this.task, each.customId, name);
      button.disabled = false;
      if (document.activeElement === document.body) button.focus({ preventScroll: true });
    };
    return button;
  }

  markPressed(customId) {
    this.pressed.add(customId);
    this.showButtons();
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
