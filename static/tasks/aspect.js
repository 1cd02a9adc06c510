// The shape that a prompt asks for. Dashes and colons of any kind are taken, as the server does.
const NAME = String.raw`(?:[\p{Pd}\u2212]{2,}|(?!-)[\p{Pd}\u2212])(?:ar|aspect)\s+`;
const SHAPE = new RegExp(String.raw`${NAME}(\d{1,3}):(\d{1,3})(?=\s|$)`, "giu");

// The parameter with its value and the blanks before it.
export const AR = new RegExp(String.raw`\s*${NAME}\S+`, "giu");

// As width and height.
export function aspectOf(prompt) {
  const found = [...prompt.normalize("NFKC").matchAll(SHAPE)].pop();
  return found ? [Number(found[1]) || 1, Number(found[2]) || 1] : [1, 1];
}
