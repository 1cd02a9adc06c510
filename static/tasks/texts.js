// Every word that the scripts show, in the language of the page.
import { en } from "./words-en.js";
import { zh } from "./words-zh.js";

const wanted = document.documentElement.lang.toLowerCase();
const isChinese = wanted.startsWith("zh");
const words = isChinese ? zh : en;

export const language = wanted || "en";

export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// Texts of the server come as "Chinese / English"; the page speaks one language.
export function inOwnLanguage(text) {
  const [first, ...others] = (text || "").split(" / ");
  if (!others.length || !/\p{Script=Han}/u.test(first)) return text || "";
  return isChinese ? first : others.join(" / ");
}

// Chooses between the two texts of an error.
export const said = (zh, en) => (isChinese ? zh || en : en || zh);

const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60]];

export function timeAgo(ms) {
  const seconds = (ms - Date.now()) / 1000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return relative.format(0, "second");
}
