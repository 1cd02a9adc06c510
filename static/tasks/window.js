// The window that a button opens: the offered prompt, for a region its mask too.
import { NoAnswer, answerWindow } from "./api.js";
import { isCustomZoom, isRegion, pressName } from "./buttons.js";
import { closeMask, isEmpty, maskUrl, openMask } from "./mask.js";
import { elsewhere, picturePath } from "./media.js";
import { at, inWords, showError } from "./tell.js";
import { say } from "./texts.js";

const ZOOM = /--zoom\s+([\d.]+)/i;

let task = null;
let deeds = null;
let sending = false;

export const openTask = () => (at("window").open ? task?.id : null);

// `answered(id, prompt)`, `cancelled(task)` and `closed(task)` are told how it ended.
export async function openWindow(asking, findParent, ends) {
  task = asking;
  deeds = ends;
  const region = isRegion(task.customId);
  at("window-title").textContent = pressName(task.customId ?? "");
  at("window-prompt").value = task.properties?.finalPrompt || "";
  at("window-label").textContent = say(region ? "regionPrompt" : "prompt");
  at("window-prompt").placeholder = region ? say("regionHint") : "";
  at("window-zoom").hidden = !isCustomZoom(task.customId);
  showZoom();
  showError("window-error", "");
  setBusy(false);
  closeMask();
  if (!at("window").open) at("window").showModal();
  if (region) await showRegion(findParent);
  else at("window-prompt").focus();
}

async function showRegion(findParent) {
  const mine = task;
  try {
    const parent = await findParent(mine.parentId);
    if (task !== mine) return;
    const there = elsewhere(parent);
    if (there) return showError("window-error", say("elsewhere", { host: there.host }));
    await openMask(picturePath(parent), parent.imageWidth, parent.imageHeight);
    document.querySelector('[data-tool="brush"]').focus();
  } catch {
    if (task === mine) showError("window-error", say("noParentPicture"));
  }
}

export function closeWindow() {
  at("window").close();
}

async function confirm() {
  if (sending || !task) return;
  const mine = task;
  const region = isRegion(mine.customId);
  const prompt = at("window-prompt").value.trim();
  const why = !region && !prompt ? say("empty") : region && isEmpty() ? say("maskMissing") : "";
  showError("window-error", why);
  if (why) return;
  setBusy(true);
  try {
    await answerWindow(mine.id, prompt, region ? maskUrl() : "");
    closeWindow();
    deeds.answered(mine, prompt);
  } catch (error) {
    showError("window-error", inWords(error));
    if (!(error instanceof NoAnswer)) deeds.refused(mine);
  } finally {
    setBusy(false);
  }
}

async function cancel() {
  if (sending || !task) return;
  const mine = task;
  setBusy(true);
  const done = await deeds.cancelled(mine);
  setBusy(false);
  if (done) closeWindow();
}

function setBusy(busy) {
  sending = busy;
  at("window-confirm").disabled = busy;
  at("window-cancel").disabled = busy;
}

// --- the zoom factor stands in the prompt --------------------------------------------------

function showZoom() {
  const factor = Number(ZOOM.exec(at("window-prompt").value)?.[1]) || 2;
  at("zoom-factor").value = String(factor);
  at("zoom-word").textContent = `${factor}×`;
}

function writeZoom() {
  const box = at("window-prompt");
  const word = `--zoom ${Number(at("zoom-factor").value)}`;
  box.value = ZOOM.test(box.value) ? box.value.replace(ZOOM, word) : `${box.value.trim()} ${word}`.trim();
  at("zoom-word").textContent = `${Number(at("zoom-factor").value)}×`;
}

at("zoom-factor").oninput = writeZoom;
at("window-prompt").oninput = () => { showZoom(); showError("window-error", ""); };
at("window-prompt").onkeydown = (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); confirm(); }
};
at("window-form").onsubmit = (event) => { event.preventDefault(); confirm(); };
at("window-later").onclick = closeWindow;
at("window-cancel").onclick = cancel;
at("window").onclose = () => {
  const mine = task;
  task = null;
  closeMask();
  deeds?.closed(mine);
};
