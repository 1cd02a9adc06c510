// The public API, called as any program would, with the session in place of a key.
import { inOwnLanguage, said, say } from "./texts.js";

const csrf = document.querySelector('meta[name="csrf-token"]').content;
const ACCEPTED = new Set([1, 21, 22]);

export class Refused extends Error {}
export class NoAnswer extends Error {}

async function call(method, path, body, headers = {}) {
  const isForm = body instanceof FormData;
  const kind = isForm ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: { ...kind, "X-CSRFToken": csrf, ...headers },
      body: isForm || body === undefined ? body : JSON.stringify(body),
    });
  } catch {
    throw new NoAnswer();
  }
  if (response.status === 401) toSignIn();
  const text = await response.text().catch(() => "");
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    throw new NoAnswer();
  }
  if (response.status >= 500) throw new NoAnswer();
  if (!response.ok) throw new Refused(reason(answer) || response.statusText || say("refused"));
  return answer;
}

export function toSignIn() {
  location.assign(`${document.body.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`);
}

function reason(answer) {
  if (!answer) return "";
  const english = answer.properties?.descriptionEn || answer.messageEn;
  return inOwnLanguage(said(answer.description || answer.message, english) || "");
}

// One try to draw carries one key: sent again, it is answered with the same task.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// Answers with the new tasks, how many wait before them, and whether a window is open.
async function submit(path, body, key = newKey()) {
  const answer = await call("POST", path, body, { "Idempotency-Key": key });
  if (!ACCEPTED.has(answer?.code)) throw new Refused(reason(answer) || say("refused"));
  const ids = String(answer.result).split(",");
  return {
    ids,
    id: ids[0],
    ahead: answer.code === 22 ? Number(answer.properties?.numberOfQueues ?? 0) : 0,
    asks: answer.code === 21,
    offered: answer.properties?.finalPrompt ?? "",
  };
}

// `what` is imagine, blend, describe, shorten or video; `prefix` says the speed.
export const create = (prefix, what, body, key) => submit(`${prefix}/submit/${what}`, body, key);

// `face` is a data URL, `target` a data URL or the File of a video.
export function swap(face, target, key) {
  if (!(target instanceof File)) {
    return submit("/mj/insight-face/swap", { sourceBase64: face, targetBase64: target }, key);
  }
  const form = new FormData();
  form.append("sourceBase64", face);
  form.append("targetFile", target);
  return submit("/mj/insight-face/video-swap", form, key);
}

export const press = (prefix, taskId, customId) =>
  submit(`${prefix}/submit/action`, { taskId, customId });

export const answerWindow = (taskId, prompt, maskBase64 = "") =>
  submit("/mj/submit/modal", { taskId, prompt, maskBase64 });

export async function seedOf(id) {
  const answer = await call("GET", `/mj/task/${id}/image-seed`);
  if (answer?.code !== 1) throw new Refused(reason(answer) || say("refused"));
  return String(answer.result);
}

export const cancel = (id) => call("POST", `/mj/task/${id}/cancel`, {});
// An operator sees all tasks; the page shows the own ones.
export const newest = () => call("GET", "/mj/task/list?mine=true");
export const byIds = (ids) => call("POST", "/mj/task/list-by-ids", { ids });
