// The public API, called as any program would, with the session in place of a key.
const csrf = document.querySelector('meta[name="csrf-token"]').content;

export class Refused extends Error {}
export class NoAnswer extends Error {}

async function call(method, path, body, headers = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
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
  if (!response.ok) throw new Refused(reason(answer) || response.statusText);
  return answer;
}

export function toSignIn() {
  location.assign(`${document.body.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`);
}

function reason(answer) {
  if (!answer) return "";
  return answer.properties?.descriptionEn || answer.messageEn || answer.description || answer.message || "";
}

// One try to draw carries one key: sent again, it is answered with the same task.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

async function submit(path, body, key) {
  const answer = await call("POST", path, body, { "Idempotency-Key": key });
  if (![1, 21, 22].includes(answer?.code)) throw new Refused(reason(answer));
  const ahead = answer.code === 22 ? Number(answer.properties?.numberOfQueues ?? 0) : 0;
  return { id: String(answer.result), ahead };
}

export const imagine = (prefix, prompt, botType, key) =>
  submit(`${prefix}/submit/imagine`, { prompt, botType }, key);

export const press = (prefix, taskId, customId, key) =>
  submit(`${prefix}/submit/action`, { taskId, customId }, key);

export const cancel = (id) => call("POST", `/mj/task/${id}/cancel`, {});
export const newest = () => call("GET", "/mj/task/list");
export const byIds = (ids) => call("POST", "/mj/task/list-by-ids", { ids });
