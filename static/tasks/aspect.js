// The shape that a prompt asks for, as width and height.
export function aspectOf(prompt) {
  const found = [...prompt.matchAll(/--(?:ar|aspect)\s+(\d{1,3}):(\d{1,3})(?=\s|$)/gi)].pop();
  return found ? [Number(found[1]) || 1, Number(found[2]) || 1] : [1, 1];
}
