// Pictures that go with a request: from files, dropped or pasted; in an order; checked.
// A video among them has its `file` and comes last.
import { at } from "./tell.js";
import { say } from "./texts.js";

export const MAX_BYTES = 10 * 1024 * 1024; // docs/api.md, Submit
const MAX_PIXELS = 64_000_000;
const VIDEO = "video/mp4";
const PICTURES = "image/png,image/jpeg,image/webp,image/gif";
const THUMB = 176; // pixels of the preview's longer side

const ascii = (bytes, from, to) => String.fromCharCode(...bytes.slice(from, to));

// The kind that the bytes tell; names and what a browser makes of them may be wrong.
function kindOf(bytes) {
  if (ascii(bytes, 1, 4) === "PNG") return "image/png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "image/jpeg";
  if (ascii(bytes, 0, 4) === "GIF8") return "image/gif";
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") return "image/webp";
  if (ascii(bytes, 4, 8) === "ftyp") return VIDEO;
  return "";
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function thumbOf(image) {
  const scale = Math.min(1, THUMB / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL();
}

// A sign for a video: not every browser can show its first frame.
function videoThumb() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = THUMB;
  const context = canvas.getContext("2d");
  context.fillStyle = "#2b2537";
  context.fillRect(0, 0, THUMB, THUMB);
  context.fillStyle = "#fff";
  context.beginPath();
  context.moveTo(THUMB * 0.4, THUMB * 0.34);
  context.lineTo(THUMB * 0.4, THUMB * 0.66);
  context.lineTo(THUMB * 0.66, THUMB * 0.5);
  context.fill();
  return canvas.toDataURL();
}

// As "10" or "2.5".
export const megabytes = (bytes) => Number((bytes / 2 ** 20).toPrecision(2));

const USUAL = { picture: MAX_BYTES, video: 0 };

// Returns { name, url, thumb }, of a video { name, file, thumb }. `limits` are bytes of a
// picture and of a video; 0: none is taken. Throws an Error whose message a person can read.
export async function read(file, limits = USUAL) {
  const name = (file.name || say("pasted")).slice(0, 80);
  const kind = kindOf(new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  const most = kind === VIDEO && limits.video ? limits.video : limits.picture;
  if (file.size > most) throw new Error(say("tooLarge", { name, size: megabytes(most) }));
  if (kind === VIDEO && limits.video) return { name, file, thumb: videoThumb() };
  const wrong = () => new Error(say(limits.video ? "noPictureOrVideo" : "noPicture", { name }));
  if (!kind || kind === VIDEO) throw wrong();
  const url = await dataUrl(new Blob([file], { type: kind }));
  const image = new Image();
  image.src = url;
  await image.decode().catch(() => { throw wrong(); });
  if (image.naturalWidth * image.naturalHeight > MAX_PIXELS) {
    throw new Error(say("tooManyPixels", { name }));
  }
  return { name, url, thumb: thumbOf(image) };
}

// The list of pictures on the page; `changed` is called after each change.
export class Pictures {
  constructor({ changed, roleOf }) {
    this.list = [];
    this.changed = changed;
    this.roleOf = roleOf;
    this.dragged = -1;
  }

  // From now on files are read with these limits; a video that is not taken leaves.
  limit(limits = USUAL) {
    this.limits = limits;
    at("files").accept = limits.video ? `${PICTURES},${VIDEO}` : PICTURES;
    if (!limits.video) this.list = this.list.filter((each) => !each.file);
  }

  // Takes what can be read; returns the reasons for the rest.
  async add(files, { most }) {
    const reasons = [];
    for (const file of files) {
      if (most > 1 && this.list.length >= most) {
        reasons.push(say("tooMany", { most }));
        break;
      }
      try {
        const picture = await read(file, this.limits);
        if (picture.file && !this.limits.video) continue; // the mode was left meanwhile
        if (most === 1) this.list = [];
        this.list.push(picture);
      } catch (error) {
        reasons.push(error.message);
      }
    }
    this.show();
    return reasons;
  }

  clear() {
    this.list = [];
    this.show();
  }

  move(from, to) {
    if (to < 0 || to >= this.list.length || from === to) return;
    this.list.splice(to, 0, ...this.list.splice(from, 1));
    this.show();
  }

  remove(place) {
    this.list.splice(place, 1);
    this.show();
    const next = at("thumbs").children[Math.min(place, this.list.length - 1)];
    (next?.querySelector('[data-do="remove"]') ?? at("add-pictures")).focus();
  }

  show() {
    this.list.sort((a, b) => Boolean(a.file) - Boolean(b.file));
    at("thumbs").hidden = !this.list.length;
    at("thumbs").replaceChildren(...this.list.map((each, place) => this.thumb(each, place)));
    this.changed();
  }

  thumb(picture, place) {
    const root = at("thumb").content.firstElementChild.cloneNode(true);
    const number = place + 1;
    const image = root.querySelector("img");
    image.src = picture.thumb;
    image.alt = say(picture.file ? "broughtVideo" : "brought", { number, name: picture.name });
    root.title = picture.name;
    root.querySelector(".role").textContent = this.roleOf(place, picture) || (this.list.length > 1 ? String(number) : "");
    const tool = (name, word, action, off = false) => {
      const button = root.querySelector(`[data-do="${name}"]`);
      button.setAttribute("aria-label", say(word, { number }));
      button.title = say(word, { number });
      button.disabled = Boolean(off);
      button.onclick = action;
    };
    tool("remove", "removePicture", () => this.remove(place));
    tool("left", "moveBefore", () => this.step(place, -1), place === 0 || picture.file);
    tool("right", "moveAfter", () => this.step(place, 1), (this.list[number] ?? picture).file || number === this.list.length);
    this.listenToDrag(root, place);
    return root;
  }

  step(place, by) {
    this.move(place, place + by);
    const tools = at("thumbs").children[place + by].querySelectorAll("button:not(:disabled)");
    const same = [...tools].find((each) => each.dataset.do === (by < 0 ? "left" : "right"));
    (same ?? tools[0]).focus();
  }

  listenToDrag(root, place) {
    root.ondragstart = (event) => {
      this.dragged = place;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", String(place + 1));
    };
    root.ondragend = () => { this.dragged = -1; };
    root.ondragover = (event) => { if (this.dragged >= 0) event.preventDefault(); };
    root.ondrop = (event) => {
      if (this.dragged < 0) return;
      event.preventDefault();
      this.move(this.dragged, place);
      this.dragged = -1;
    };
  }
}

// Files that are dropped on the page or pasted into it reach `take`.
export function catchFiles(take) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const isBusy = () => document.querySelector("dialog[open]") !== null;
  const mark = (on) => document.body.classList.toggle("dropping", on);
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (!isBusy()) mark(true);
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  addEventListener("drop", (event) => {
    mark(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (!isBusy()) take([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || isBusy()) return;
    event.preventDefault();
    take(files);
  });
  at("files").onchange = () => {
    const files = [...at("files").files];
    at("files").value = "";
    take(files);
  };
  at("add-pictures").onclick = () => at("files").click();
}
