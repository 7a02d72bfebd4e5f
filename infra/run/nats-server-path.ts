import { findNatsServer } from '../nats/find-nats-server.ts';
import { runTask } from './run-task.ts';

// Prints where the nats-server is that tests and `npm start` use; fetches it first if need be.
await runTask(async () => {
  const { path } = await findNatsServer();
  process.stdout.write(`${path}\n`);
  return 0;
});
