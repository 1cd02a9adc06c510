// Marking a region of a picture: strokes and rectangles, kept as what was done, so that
// they can be undone, and drawn again in the picture's real size.
import { at } from "./tell.js";
import { say } from "./texts.js";

const WORK = 1024; // pixels of the longer side while it is being edited
const LARGEST = 16_000_000; // pixels that every browser's canvas holds

// --- what was done, in shares of the picture's width and height ------------------------

function stroke(context, { points, size, erase }, width, height) {
  context.globalCompositeOperation = erase ? "destination-out" : "source-over";
  context.lineWidth = size * Math.max(width, height);
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(points[0][0] * width, points[0][1] * height);
  for (const [x, y] of points) context.lineTo(x * width, y * height);
  context.stroke();
}

function rectangle(context, { x, y, w, h }, width, height) {
  context.fillRect(Math.round(x * width), Math.round(y * height), Math.round(w * width), Math.round(h * height));
}

function invert(context, _, width, height) {
  context.globalCompositeOperation = "xor";
  context.fillRect(0, 0, width, height);
}

const clear = (context, _, width, height) => context.clearRect(0, 0, width, height);
const kinds = { stroke, rectangle, invert, clear };

function replay(canvas, steps, colour) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, width, height);
  for (const step of steps) {
    context.save();
    context.fillStyle = context.strokeStyle = colour;
    kinds[step.kind](context, step, width, height);
    context.restore();
  }
  return context;
}

function sized(width, height, canvas = document.createElement("canvas")) {
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  return canvas;
}

// --- the editor -------------------------------------------------------------------------

const share = (value) => Math.min(Math.max(value, 0), 1);
const canvas = at("mask-canvas");
let steps = [];
let size = [1, 1];
let tool = "brush";
let begun = null; // the step that a pointer is drawing
let covered = 0;

export const isEmpty = () => covered === 0;

// Opens the editor on a picture; `width` and `height` are its real ones where known.
export async function openMask(path, width, height) {
  steps = [];
  begun = null;
  at("mask").hidden = false;
  at("mask-picture").src = path;
  await at("mask-picture").decode();
  size = width && height ? [width, height] : [at("mask-picture").naturalWidth, at("mask-picture").naturalHeight];
  at("mask-stage").style.setProperty("--shape", String(size[0] / size[1]));
  const scale = Math.min(1, WORK / Math.max(...size));
  sized(size[0] * scale, size[1] * scale, canvas);
  show();
}

export function closeMask() {
  at("mask").hidden = true;
  at("mask-picture").removeAttribute("src");
  steps = [];
  begun = null;
}

// The mask as a PNG of the picture's size: white is drawn anew, the rest is black.
export function maskUrl() {
  const scale = Math.min(1, Math.sqrt(LARGEST / (size[0] * size[1])));
  const marked = sized(size[0] * scale, size[1] * scale);
  replay(marked, steps, "#fff");
  const mask = sized(marked.width, marked.height);
  const context = mask.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, mask.width, mask.height);
  context.drawImage(marked, 0, 0);
  return mask.toDataURL("image/png");
}

function show() {
  const colour = getComputedStyle(canvas).getPropertyValue("--mark").trim() || "#f0f";
  const context = replay(canvas, begun ? [...steps, begun] : steps, colour);
  if (begun) return;
  covered = coverage(context);
  at("mask-undo").disabled = !steps.length;
  at("mask-clear").disabled = isEmpty();
  const word = isEmpty() ? say("maskEmpty") : say("maskCovers", { percent: Math.max(1, Math.round(covered * 100)) });
  if (at("mask-news").textContent !== word) at("mask-news").textContent = word;
  canvas.setAttribute("aria-label", say("maskLabel"));
}

function coverage(context) {
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let marked = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] >= 128) marked += 1;
  return marked / (canvas.width * canvas.height);
}

function take(step) {
  steps.push(step);
  show();
}

// --- by pointer: mouse, pen or finger ------------------------------------------------------

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [share((event.clientX - box.left) / box.width), share((event.clientY - box.top) / box.height)];
}

function begin(event) {
  if (event.button !== 0 || begun) return;
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  const from = place(event);
  begun = tool === "rectangle"
    ? { kind: "rectangle", from, x: from[0], y: from[1], w: 0, h: 0 }
    : { kind: "stroke", points: [from], size: Number(at("mask-size").value) / 100, erase: tool === "eraser" };
  show();
}

function draw(event) {
  if (!begun || !canvas.hasPointerCapture(event.pointerId)) return;
  const passed = event.getCoalescedEvents?.() ?? [];
  for (const each of passed.length ? passed : [event]) {
    const [x, y] = place(each);
    if (begun.kind === "stroke") begun.points.push([x, y]);
    else span(begun, x, y);
  }
  show();
}

function span(step, x, y) {
  const [left, top] = step.from;
  Object.assign(step, { x: Math.min(left, x), y: Math.min(top, y), w: Math.abs(x - left), h: Math.abs(y - top) });
}

function end() {
  const done = begun;
  begun = null;
  if (done && (done.kind === "stroke" || (done.w > 0 && done.h > 0))) take(done);
  else if (done) show();
}

canvas.onpointerdown = begin;
canvas.onpointermove = draw;
canvas.onpointerup = end;
canvas.onpointercancel = () => { begun = null; show(); };

// --- by buttons and keys ----------------------------------------------------------------------

const tools = [...document.querySelectorAll("[data-tool]")];
tools.forEach((button) => {
  button.onclick = () => {
    tool = button.dataset.tool;
    tools.forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
  };
});
at("mask-undo").onclick = () => { steps.pop(); show(); };
at("mask-clear").onclick = () => take({ kind: "clear" });
at("mask-invert").onclick = () => take({ kind: "invert" });
at("mask-add").onclick = () => {
  const [x, y, w, h] = ["left", "top", "width", "height"].map((name) => share(Number(at(`mask-${name}`).value) / 100));
  take({ kind: "rectangle", x, y, w: Math.min(w, 1 - x), h: Math.min(h, 1 - y) });
};
at("mask").onkeydown = (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || !steps.length) return;
  event.preventDefault();
  steps.pop();
  show();
};
