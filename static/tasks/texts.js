// Every word that the scripts show. A language is one more object with the same keys.
const en = {
  again: "Draw again",
  cancel: "Cancel",
  cancelling: "Cancelling …",
  copied: "Prompt copied.",
  copy: "Copy prompt",
  copyFailed: "The browser did not allow copying.",
  empty: "Write a prompt first.",
  finished: "Finished: {prompt}",
  failedNews: "Failed: {prompt}",
  fromParent: "{what} of an earlier picture; go there",
  less: "Show less",
  live: "Live",
  more: "Show more",
  noAnswer: "The server does not answer. Nothing is lost; try again.",
  offline: "Reconnecting …",
  picture: "Picture: {prompt}",
  preview: "Preview: {prompt}",
  progress: "Progress",
  pressed: "{what}: drawing",
  queued: "Queued, {count} before it",
  refused: "The server refused: {why}",
  reroll: "Draw the prompt again",
  started: "Drawing: {prompt}",
  upscale: "Upscale picture {index}",
  vary: "Vary picture {index}",
  viewerAlt: "Full size: {prompt}",
  NOT_START: "Waiting",
  SUBMITTED: "Sent",
  MODAL: "Needs an answer",
  IN_PROGRESS: "Drawing",
  SUCCESS: "Done",
  FAILURE: "Failed",
  CANCEL: "Cancelled",
};

const languages = { en };
const wanted = document.documentElement.lang.toLowerCase();
const words = { ...en, ...(languages[wanted] || languages[wanted.split("-")[0]]) };

export const language = wanted || "en";

export function say(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60]];

export function timeAgo(ms) {
  const seconds = (ms - Date.now()) / 1000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return relative.format(0, "second");
}
