import { relative } from 'node:path';
import { greeting } from './greeting.ts';
import { prepareStart } from './prepare-start.ts';
import { runMesh } from './run-mesh.ts';
import { runTask } from './run-task.ts';

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Resolves with the reason to end: a signal, or the death of the process that started this one. */
const askedToEnd = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    process.on('disconnect', () => resolve());
  });

const runUntil = async (end: Promise<void>): Promise<void> => {
  const plan = await prepareStart(process.env);
  say(
    `weir: starting ${relative(process.cwd(), plan.configFile)} with nats-server ${plan.natsServer.version}`,
  );
  const mesh = runMesh({ plan, report: (line) => say(`weir: ${line}`) });
  try {
    const first = await Promise.race([mesh.ready.then(() => 'ready'), end]);
    if (first === 'ready') process.stdout.write(greeting(plan));
    await end;
    say('weir: stopping');
  } finally {
    await mesh.stop();
  }
};

await runTask(async () => {
  await runUntil(askedToEnd());
  return 0;
});
