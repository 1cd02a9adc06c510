// What the page says to a person: words that pass by, and news for screen readers.
import { NoAnswer } from "./api.js";
import { say } from "./texts.js";

export const at = (id) => document.getElementById(id);

export function toast(text, { onClick = null, bad = false } = {}) {
  const box = document.createElement(onClick ? "button" : "p");
  box.className = bad ? "toast bad" : "toast";
  box.dataset.testid = "toast";
  box.textContent = text;
  if (onClick) box.onclick = () => { onClick(); box.remove(); };
  at("toasts").append(box);
  setTimeout(() => box.remove(), bad ? 8000 : 5000);
}

export function announce(text) {
  at("news").textContent = text;
}

export const inWords = (error) => (error instanceof NoAnswer ? say("noAnswer") : error.message);

export const complain = (error) => toast(inWords(error), { bad: true });

// A box for errors beside what they are about; an empty text hides it.
export function showError(id, text) {
  at(id).textContent = text;
  at(id).hidden = !text;
}
