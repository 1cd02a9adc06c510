// The composer: what to do, with which words and pictures; sends it.
import { NoAnswer, create, newKey, swap } from "./api.js";
import { AR, aspectOf } from "./aspect.js";
import { Pictures, catchFiles, megabytes } from "./pictures.js";
import { at, inWords, showError, toast } from "./tell.js";
import { say } from "./texts.js";

const SPARE = 20_000; // bytes of a body for all but the pictures and the prompt

// What the server says of face swaps; of a kind that cannot be used it says 0 minutes.
const { pictureBytes, videoBytes, pictureMinutes, videoMinutes } = at("composer").dataset;

// `pictures` are the fewest and the most; `prompt` is whether words are needed. `send`
// is for what is no submit of Midjourney's.
const modes = {
  draw: {
    what: "imagine", action: "IMAGINE", pictures: [0, 10], prompt: true,
    body: (given) => ({ prompt: given.prompt, base64Array: given.pictures }),
  },
  blend: {
    what: "blend", action: "BLEND", pictures: [2, 5],
    body: (given) => ({ base64Array: given.pictures, dimensions: dimensions() }),
  },
  describe: {
    what: "describe", action: "DESCRIBE", pictures: [0, 1],
    missing: (given) => !given.pictures.length && !given.link && say(uploads ? "noPictureYet" : "noPictureLink"),
    body: (given) => (given.pictures.length ? { base64: given.pictures[0] } : { link: given.link }),
  },
  shorten: {
    what: "shorten", action: "SHORTEN", pictures: [0, 0], prompt: true,
    body: (given) => ({ prompt: given.prompt }),
  },
  video: {
    what: "video", action: "VIDEO", pictures: [0, 2],
    missing: (given) => !given.pictures.length && !/https?:\/\//i.test(given.prompt) && say(uploads ? "noFrame" : "noFrameLink"),
    body: (given) => ({
      prompt: given.prompt,
      image: given.pictures[0] ?? "",
      endImage: at("loop").checked ? "" : given.pictures[1] ?? "",
      loop: at("loop").checked,
      motion: at("motion").value,
    }),
  },
  swap: {
    action: "SWAP_FACE", pictures: [0, 2],
    limits: { picture: Number(pictureBytes), video: Number(videoMinutes) && Number(videoBytes) },
    missing: swapLacks,
    send: ({ files: [face, target] }, again) => swap(face.url, target.file ?? target.url, again),
  },
};

// Whether the operator lets people send the bytes of pictures for Midjourney.
const uploads = "uploads" in at("composer").dataset;
if (!uploads) for (const name of ["draw", "describe", "video"]) modes[name].pictures = [0, 0];

let mode = "draw";
let key = newKey();
let sending = false;

const renewKey = () => { key = newKey(); }; // another request must not be answered as the last
const pictures = new Pictures({ changed: () => { renewKey(); showLimits(); }, roleOf });
const dimensions = () => document.querySelector('[data-dimensions][aria-pressed="true"]').dataset.dimensions;
const tabs = [...document.querySelectorAll("[data-mode]")];

// --- modes --------------------------------------------------------------------------

export function setMode(name) {
  mode = name;
  for (const tab of tabs) {
    const chosen = tab.dataset.mode === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  at("fields").setAttribute("aria-labelledby", `mode-${name}`);
  for (const part of document.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(name);
  }
  at("tray").classList.toggle("leads", name !== "draw");
  pictures.limit(modes[name].limits);
  at("send").textContent = say(`send_${name}`);
  at("prompt").placeholder = say(`hint_${name}`);
  showError("composer-error", "");
  pictures.show();
  fit();
}

function listenToTabs() {
  const keys = { ArrowRight: 1, ArrowLeft: -1 };
  tabs.forEach((tab, place) => {
    tab.onclick = () => setMode(tab.dataset.mode);
    tab.onkeydown = (event) => {
      let next = place + (keys[event.key] ?? 0);
      if (event.key === "Home") next = 0;
      if (event.key === "End") next = tabs.length - 1;
      if (next === place && event.key !== "Home" && event.key !== "End") return;
      event.preventDefault();
      const chosen = tabs[(next + tabs.length) % tabs.length];
      setMode(chosen.dataset.mode);
      chosen.focus();
    };
  });
}

// --- pictures -----------------------------------------------------------------------

function roleOf(place, picture) {
  const most = mode === "video" && at("loop").checked ? 1 : modes[mode].pictures[1];
  if (place >= most) return say("unused");
  if (mode === "swap") return say(place || picture.file ? "roleTarget" : "roleFace");
  return mode === "video" ? say(place ? "lastFrame" : "firstFrame") : "";
}

const hasFace = (files) => files.some((each) => !each.file);

function swapLacks({ files }) {
  if (!hasFace(files)) return say("noFaceYet");
  if (files.length < 2) return say(addTarget());
  return !files[1].file && !Number(pictureMinutes) && say("onlyVideos");
}

// What the button for pictures says in words.
function addWord(most) {
  const { list } = pictures;
  if (mode === "swap") return list.length && hasFace(list) ? addTarget() : "add_swap";
  if (list.length) return most === 1 ? "otherPicture" : "morePictures";
  return `add_${mode}`;
}

function addTarget() {
  if (!Number(videoMinutes)) return "addTargetPicture";
  return Number(pictureMinutes) ? "addTarget" : "addTargetVideo";
}

function limitsWord(least, most) {
  if (mode === "swap") return `limitsSwap${addTarget().slice("addTarget".length)}`;
  if (mode === "video") return "limitsVideo";
  if (least) return "limitsBetween";
  return most === 1 ? "limitsOne" : "limits";
}

function showLimits() {
  const [least, most] = modes[mode].pictures;
  const count = pictures.list.length;
  at("add-word").textContent = say(addWord(most));
  at("add-pictures").classList.toggle("small", count > 0 && mode !== "swap");
  at("add-pictures").classList.toggle("beside", count > 0 && mode === "swap");
  at("add-pictures").hidden = most > 1 && count >= most;
  at("picture-limits").textContent = say(limitsWord(least, most), {
    least, most, count, pictureMinutes, videoMinutes,
    picture: megabytes(pictureBytes ?? 0), video: megabytes(videoBytes ?? 0),
  });
  at("picture-limits").hidden = mode === "draw" && !count;
}

async function take(files) {
  if (!modes[mode].pictures[1]) {
    if (!uploads) return showError("composer-error", say("uploadsOff"));
    setMode("draw");
  }
  const reasons = await pictures.add(files, { most: modes[mode].pictures[1] });
  showError("composer-error", reasons.join(" "));
}

// --- words --------------------------------------------------------------------------

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
  renewKey();
  fit();
}

// Puts a prompt into the composer, ready to be changed.
export function fill(prompt, { mode: name = "draw", botType = "" } = {}) {
  setMode(name);
  at("prompt").value = prompt;
  if (botType) at("bot").value = botType;
  fit();
  at("prompt").focus();
  scrollTo({ top: 0, behavior: "smooth" });
}

export const speed = () => at("speed").value;

// --- sending ------------------------------------------------------------------------

function given() {
  const [, most] = modes[mode].pictures;
  return {
    prompt: modes[mode].prompt || mode === "video" ? at("prompt").value.trim() : "",
    link: at("link").value.trim(),
    files: pictures.list.slice(0, most),
    pictures: pictures.list.slice(0, most).map((each) => each.url),
  };
}

// What a person can mend is said before anything is sent.
function objection(what) {
  const { pictures: [least, most], prompt, missing } = modes[mode];
  const count = what.pictures.length;
  if (prompt && !what.prompt) return say("empty");
  if (count < least) return say("tooFew", { least, most, count });
  const sizes = what.files.map((each) => each.file?.size ?? each.url.length);
  const size = sizes.reduce((sum, each) => sum + each, what.prompt.length * 4 + SPARE);
  const limit = Number(at("composer").dataset.maxBody);
  if (size > limit) return say("tooMuch", { limit: Math.floor((limit * 3) / 4 / 1e6) });
  return missing?.(what) || "";
}

function focusOnWhatLacks() {
  let box = modes[mode].prompt && !at("prompt").value.trim() ? "prompt" : "add-pictures";
  if (at("tray").hidden) box = mode === "describe" ? "link" : "prompt";
  at(at(box).hidden ? "prompt" : box).focus();
}

function submit(what, again) {
  const { what: path, body } = modes[mode];
  return create(speed(), path, { botType: at("bot").value, ...body(what) }, again);
}

async function send(sent) {
  const what = given();
  const why = objection(what);
  showError("composer-error", why);
  if (why) return focusOnWhatLacks();
  if (sending) return;
  sending = true;
  at("send").disabled = true;
  at("composer").setAttribute("aria-busy", "true");
  const { action, send: ask = submit } = modes[mode];
  try {
    const made = await ask(what, key);
    renewKey();
    empty();
    if (made.ahead > 0) toast(say("queued", { count: made.ahead }));
    await sent(made.id, { prompt: what.prompt, action });
  } catch (error) {
    if (!(error instanceof NoAnswer)) renewKey();
    showError("composer-error", inWords(error));
  } finally {
    sending = false;
    at("send").disabled = false;
    at("composer").removeAttribute("aria-busy");
  }
}

function empty() {
  at("prompt").value = "";
  at("link").value = "";
  pictures.clear();
  fit();
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

// `sent(id, known)` is told of each task that was made.
export function startComposer(sent) {
  listenToTabs();
  catchFiles(take);
  at("composer").onsubmit = (event) => { event.preventDefault(); send(sent); };
  at("composer").oninput = () => { renewKey(); showError("composer-error", ""); };
  at("prompt").oninput = fit;
  at("prompt").onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); send(sent); }
  };
  at("loop").onchange = () => pictures.show();
  document.querySelectorAll("[data-aspect]").forEach((chip) => { chip.onclick = () => pickAspect(chip); });
  const shapes = document.querySelectorAll("[data-dimensions]");
  shapes.forEach((chip) => {
    chip.onclick = () => {
      renewKey();
      shapes.forEach((each) => each.setAttribute("aria-pressed", String(each === chip)));
    };
  });
  document.querySelectorAll("[data-sample]").forEach((each) => {
    each.onclick = () => fill(each.dataset.sample);
  });
  ["bot", "speed", "motion"].forEach(remember);
  setMode("draw");
  at("send").disabled = false; // not before: the browser itself would load another page
}
