// Midjourney's buttons: what they are called here, and which of them are special.
import { say } from "./texts.js";

export const isRegion = (customId) => /::Inpaint::/i.test(customId ?? "");
export const isCustomZoom = (customId) => /::CustomZoom::/i.test(customId ?? "");
export const isBookmark = (customId) => /::BOOKMARK::/i.test(customId ?? "");
export const isAll = (customId) => /::PicReader::all$/i.test(customId ?? "");

// The number of the described or shortened prompt that a button draws, else 0.
export function textNumber(customId) {
  return Number(/::(?:PicReader|PromptAnalyzer)::(\d)$/i.exec(customId ?? "")?.[1] ?? 0);
}

export const faceOf = (button) => [button.emoji, button.label].filter(Boolean).join(" ");

// What a button does, in words: its face is often a sign only.
export function pressName(customId, button = {}) {
  let found;
  if ((found = /upsample::(\d)|video_virtual_upscale::(\d)/.exec(customId))) {
    return say("upscale", { index: found[1] ?? found[2] });
  }
  if ((found = /::variation::(\d)/.exec(customId))) return say("vary", { index: found[1] });
  if ((found = /::pan_(left|right|up|down)::/.exec(customId))) return say(`pan_${found[1]}`);
  if (textNumber(customId)) return say("drawText", { index: textNumber(customId) });
  if (/::reroll::/.test(customId)) return say("reroll");
  if (/::Picread::Retry/i.test(customId)) return say("describeAgain");
  if (isAll(customId)) return say("drawAll");
  if (isBookmark(customId)) return say("bookmark");
  if (isRegion(customId)) return say("region");
  if (isCustomZoom(customId)) return say("customZoom");
  return button.label || button.emoji || customId.split("::")[2] || customId;
}

// The face that a pressed button has on its parent, if that is known.
export function pressedFace(customId, parent) {
  const button = parent?.buttons?.find((each) => each.customId === customId);
  if (button && !textNumber(customId)) return faceOf(button);
  const found = /::(upsample|variation)::(\d)/.exec(customId);
  return found ? (found[1] === "upsample" ? "U" : "V") + found[2] : pressName(customId);
}

// Which pictures were bookmarked here: Midjourney tells nobody.
const HEARTS = "draw.hearts";
const MOST = 1000;

function hearts() {
  try {
    const kept = JSON.parse(localStorage.getItem(HEARTS) ?? "[]");
    return Array.isArray(kept) ? kept.map(String) : [];
  } catch {
    return [];
  }
}

export const hasHeart = (id) => hearts().includes(id);

export function toggleHeart(id) {
  const others = hearts().filter((each) => each !== id);
  const kept = hasHeart(id) ? others : [...others, id];
  try {
    localStorage.setItem(HEARTS, JSON.stringify(kept.slice(-MOST)));
  } catch {
    // private windows may have no storage
  }
  return kept.includes(id);
}
