// News of tasks: by WebSocket, and by polling for as long as there is none.
import { toSignIn } from "./api.js";

const POLL = 3000;
const ASK_AGAIN = 10000; // a nudge may be lost
const LONGEST_PAUSE = 15000;

export function follow({ onTask, onState, openIds, refresh }) {
  let socket = null;
  let pause = 1000;
  let polling = null;
  let seenBefore = false;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/ws/tasks`);
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "ready") ready();
      if (message.type === "task") onTask(message.task);
    };
    socket.onclose = (event) => {
      if (event.code === 4401) return toSignIn();
      socket = null;
      onState("offline");
      polling ??= setInterval(() => document.hidden || refresh(), POLL);
      setTimeout(connect, pause * (0.7 + Math.random() * 0.6));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    };
  }

  function ready() {
    pause = 1000;
    clearInterval(polling);
    polling = null;
    onState("live");
    if (seenBefore) refresh();
    seenBefore = true;
  }

  function ask() {
    const ids = openIds().slice(0, 200);
    if (ids.length && socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ type: "get", ids }));
    }
  }

  if ("visitor" in document.body.dataset) {
    setInterval(() => document.hidden || refresh(), POLL);
    return;
  }
  setInterval(ask, ASK_AGAIN);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  connect();
}
