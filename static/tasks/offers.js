// The prompts that describe and shorten found, each with a button that draws it.
import { textNumber } from "./buttons.js";
import { say } from "./texts.js";

// Returns what a task offers to draw: its texts, each with its button where there is one.
export function offersOf(task) {
  if (task.status !== "SUCCESS" || !["DESCRIBE", "SHORTEN"].includes(task.action)) return [];
  const buttons = new Map((task.buttons ?? []).map((each) => [textNumber(each.customId), each.customId]));
  return (task.properties?.prompts ?? [])
    .map((text, place) => ({ text: String(text), customId: buttons.get(place + 1) ?? "" }))
    .filter(({ text }) => text);
}

export function showOffers(list, task, pressed, actions) {
  const offers = offersOf(task);
  const key = JSON.stringify(offers);
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.hidden = !offers.length;
    list.replaceChildren(...offers.map((offer, place) => line(offer, place + 1, task, actions)));
  }
  offers.forEach(({ customId }, place) => {
    list.children[place].classList.toggle("pressed", pressed.has(customId));
  });
}

function line({ text, customId }, number, task, actions) {
  const root = document.getElementById("text").content.firstElementChild.cloneNode(true);
  root.querySelector("p").textContent = text;
  const listen = (name, word, label, action) => {
    const button = root.querySelector(`[data-do="${name}"]`);
    button.textContent = say(word);
    button.setAttribute("aria-label", say(label, { index: number }));
    button.onclick = async () => {
      button.disabled = true;
      await action();
      button.disabled = false;
    };
  };
  listen("draw", "drawThis", "drawText", () => actions.drawText(task, customId, text));
  listen("edit", "edit", "editText", () => actions.editText(task, customId, text));
  return root;
}
