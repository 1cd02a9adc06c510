// What a card shows of its drawing: previews, then a picture or clips that play.
import { aspectOf } from "./aspect.js";
import { say } from "./texts.js";

const TRIES = 5;

// Links carry the public address; the same file is at our own, whatever that is.
export const ownPath = (link) => (link ? new URL(link, location.href).pathname : "");

const isOwn = (link, task) => ownPath(link).startsWith(`/images/${task.id}/`);

// The picture of a task that was moved in may be on another server. Nothing is loaded
// from there: it is a link. Returns its URL, or null.
export function elsewhere(task) {
  const link = task.imageUrl;
  return link && !isOwn(link, task) && /^https?:/i.test(link) ? new URL(link) : null;
}

// Of four clips each is at Midjourney's; what is ours shows them all.
export function videosOf(task) {
  const links = [...(task.videoUrls ?? []).map((each) => each?.url), task.videoUrl].filter(Boolean);
  return [...new Set(links.filter((link) => isOwn(link, task)).map(ownPath))];
}

export function picturePath(task) {
  return videosOf(task).length || elsewhere(task) ? "" : ownPath(task.imageUrl);
}

// Pictures far below are not fetched before somebody scrolls there.
const near = new WeakMap();
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) near.get(target)?.();
}, { rootMargin: "800px" });

export class Media {
  constructor(root) {
    this.root = root;
    this.link = root.querySelector(".media");
    this.picture = root.querySelector(".media img");
    this.clips = root.querySelector(".clips");
    this.elsewhere = root.querySelector(".elsewhere");
    this.isNear = false;
    this.playing = "";
    near.set(root, () => {
      watcher.unobserve(root);
      this.isNear = true;
      if (this.task) this.show(this.task);
    });
    watcher.observe(root);
  }

  show(task, tries = 0) {
    this.task = task;
    const { imageWidth: width, imageHeight: height } = task;
    const [w, h] = width && height ? [width, height] : aspectOf(task.prompt);
    this.shape = String(Math.min(Math.max(w / h, 0.8), 1.9));
    this.link.style.aspectRatio = this.shape;
    this.showClips(videosOf(task));
    this.showElsewhere(elsewhere(task));
    const path = picturePath(task);
    const isOver = ["SUCCESS", "FAILURE", "CANCEL"].includes(task.status);
    this.root.classList.toggle("no-picture", isOver && !path && !this.playing);
    if (path && path !== this.path && this.isNear) this.load(path, tries);
    if (!path && isOver) this.link.removeAttribute("href");
    this.picture.alt = say(isOver ? "picture" : "preview", { prompt: task.prompt.slice(0, 200) });
  }

  // The next picture takes the place of the last one when it is there, not before.
  load(path, tries) {
    this.path = path;
    const next = new Image();
    next.onload = () => {
      if (this.path !== path) return;
      this.picture.src = path;
      this.picture.hidden = false;
      this.link.href = path;
      this.root.classList.add("has-picture");
    };
    next.onerror = () => {
      if (this.path !== path) return;
      this.path = "";
      if (tries < TRIES) setTimeout(() => this.path || this.show(this.task, tries + 1), 1000 * 2 ** tries);
    };
    next.src = path;
  }

  showElsewhere(there) {
    this.elsewhere.hidden = !there;
    if (!there) return;
    this.elsewhere.href = there.href;
    this.elsewhere.textContent = say("elsewhere", { host: there.host });
  }

  showClips(paths) {
    const key = paths.join(" ");
    if (key === this.playing || (key && !this.isNear)) return;
    this.playing = key;
    this.clips.hidden = !paths.length;
    this.link.hidden = paths.length > 0;
    this.clips.classList.toggle("many", paths.length > 1);
    this.clips.replaceChildren(...paths.map((path, place) => this.clip(path, place)));
  }

  clip(path, place) {
    const video = document.createElement("video");
    Object.assign(video, { src: path, controls: true, loop: true, muted: true, playsInline: true, preload: "metadata" });
    video.dataset.testid = "clip";
    video.style.aspectRatio = this.shape;
    video.setAttribute("aria-label", say("clip", { number: place + 1, prompt: this.task.prompt.slice(0, 200) }));
    video.onerror = () => video.replaceWith(this.fileLink(path));
    return video;
  }

  // What this browser cannot play may be played by something else.
  fileLink(path) {
    const link = document.createElement("a");
    Object.assign(link, { href: path, target: "_blank", rel: "noopener", className: "clip-link", textContent: say("clipFile") });
    link.dataset.testid = "clip-file";
    return link;
  }
}
