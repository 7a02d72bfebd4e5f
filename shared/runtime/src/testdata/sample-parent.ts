import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Forks the sample service, passes on what it says, and waits to be killed. */
const child = fork(fileURLToPath(new URL('./sample-service.ts', import.meta.url)), {
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
});
child.on('message', (message) => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
});
