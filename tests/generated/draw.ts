// Draws with a generated client: submit, wait, read. Prints what came of it.

import { AdminApi, Configuration, SubmitApi, TaskApi, type Task } from "./client/index.js";

const [url, key, prompt] = process.argv.slice(2) as [string, string, string];
const configuration = new Configuration({ basePath: url, apiKey: () => key });
const submits = new SubmitApi(configuration);
const tasks = new TaskApi(configuration);

async function look(id: string): Promise<Task> {
  const task = await tasks.taskFetch({ taskId: id });
  if (!task) throw new Error("no such task");
  return task;
}

const answer = await submits.submitImagine({ imagine: { prompt, state: "generated" } });
if (answer.code !== 1 && answer.code !== 22) throw new Error(answer.description);
const id = String(answer.result);
let task = await look(id);
while (task.status !== "SUCCESS" && task.status !== "FAILURE") {
  await new Promise((resolve) => setTimeout(resolve, 100)); // as a program would wait
  task = await look(id);
}
const many = await tasks.taskListByIdsCreate({ byIds: { ids: [task.id] } });
const home = await new AdminApi(configuration).home();
const picture = await fetch(String(task.imageUrl));
console.log(
  JSON.stringify({
    id: task.id,
    status: task.status,
    state: task.state,
    submitTime: task.submitTime,
    buttons: task.buttons.length,
    listed: Array.isArray(many) ? many.map((each: Task) => each.id) : [],
    mode: task.mode,
    home: home.success,
    bytes: (await picture.arrayBuffer()).byteLength,
  }),
);
