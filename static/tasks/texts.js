// Every word that the scripts show. A language is one more object with the same keys.
const en = {
  again: "Draw again",
  answer: "Answer",
  asking: "Waiting for your answer.",
  bookmark: "Bookmark at Midjourney",
  bookmarked: "Bookmarked at Midjourney.",
  brought: "Picture {number}: {name}",
  cancel: "Cancel",
  cancelling: "Cancelling …",
  clip: "Clip {number}: {prompt}",
  clipFile: "This browser cannot play the clip. Open the file",
  copied: "Prompt copied.",
  copy: "Copy prompt",
  copyFailed: "The browser did not allow copying.",
  customZoom: "Custom zoom",
  describeAgain: "Describe again",
  drawAll: "Draw all",
  drawText: "Draw prompt {index}",
  drawThis: "Draw this",
  edit: "Edit",
  editText: "Edit prompt {index}, then draw it",
  empty: "Write a prompt first.",
  failedNews: "Failed: {prompt}",
  finished: "Finished: {prompt}",
  firstFrame: "First frame",
  fromParent: "{what} of an earlier picture; go there",
  gone: "That drawing is not there any more.",
  lastFrame: "Last frame",
  less: "Show less",
  limits: "{count} of up to {most} pictures, 10 MB each, before the prompt",
  limitsBetween: "{least} to {most} pictures, up to 10 MB each; now {count}",
  limitsOne: "One picture, up to 10 MB",
  limitsVideo: "The first frame and, if you like, the last one; up to 10 MB each",
  live: "Live",
  maskCovers: "{percent} % of the picture is marked.",
  maskEmpty: "Nothing is marked yet.",
  maskLabel: "The picture, with what is marked on it",
  maskMissing: "Mark first what shall be drawn anew.",
  minutes: "About {count} min.",
  more: "Show more",
  morePictures: "Add more",
  moveAfter: "Move picture {number} one place back",
  moveBefore: "Move picture {number} one place forward",
  noAnswer: "The server does not answer. Nothing is lost; try again.",
  noFrame: "A video needs its first frame: add a picture.",
  noParentPicture: "The picture cannot be shown now. Close this and try again.",
  noPicture: "“{name}” is not a PNG, JPEG, WebP or GIF picture.",
  noPictureYet: "Add a picture, or its web address.",
  offline: "Reconnecting …",
  otherPicture: "Take another picture",
  pan_down: "Pan down",
  pan_left: "Pan left",
  pan_right: "Pan right",
  pan_up: "Pan up",
  pasted: "pasted picture",
  picture: "Picture: {prompt}",
  pressed: "{what}: drawing",
  preview: "Preview: {prompt}",
  progress: "Progress",
  prompt: "Prompt",
  queued: "Queued, {count} before it",
  refused: "The server refused.",
  region: "Vary (Region)",
  regionHint: "Without words it is drawn as before",
  regionPrompt: "What shall be there (optional)",
  removePicture: "Remove picture {number}",
  reroll: "Draw the prompt again",
  seed: "Seed {seed}",
  seedAsk: "Seed",
  seedAsking: "Asking for the seed …",
  seedCopied: "Seed copied.",
  seedCopy: "Copy the seed",
  seconds: "About {count} s.",
  started: "Drawing: {prompt}",
  tooFew: "{least} to {most} pictures are needed; there are {count}.",
  tooLarge: "“{name}” has more than 10 MB.",
  tooMany: "At most {most} pictures can be used here.",
  tooManyPixels: "“{name}” has more than 64 million pixels.",
  tooMuch: "Together the pictures have more than {limit} MB, which this server does not take at once.",
  unbookmarked: "Bookmark taken away.",
  untitled: "Without a prompt",
  unused: "Not used",
  upscale: "Upscale picture {index}",
  vary: "Vary picture {index}",
  viewerAlt: "Full size: {prompt}",

  // What the composer says in each of its modes.
  add_draw: "Add pictures",
  add_blend: "Add 2 to 5 pictures",
  add_describe: "Add a picture",
  add_shorten: "Add pictures",
  add_video: "Add the first frame",
  hint_draw: "Describe a picture …",
  hint_blend: "",
  hint_describe: "",
  hint_shorten: "A long prompt: see which of its words count …",
  hint_video: "What happens in the video …",
  send_draw: "Draw",
  send_blend: "Blend",
  send_describe: "Describe",
  send_shorten: "Shorten",
  send_video: "Make video",

  // Drawings without words of their own.
  title_BLEND: "Blended pictures",
  title_DESCRIBE: "Prompts for a picture",
  title_INPAINT: "A region drawn anew",

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
