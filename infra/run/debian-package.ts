import { mkdir } from 'node:fs/promises';
import { fetchDebianPackage } from './fetch-debian-package.ts';
import { runTask, StartFailure } from './run-task.ts';

// debian-package.ts <name> <work folder>: fetches and unpacks a package, prints the folder it is in.
await runTask(async () => {
  const [name, workFolder] = process.argv.slice(2);
  if (name === undefined || workFolder === undefined)
    throw new StartFailure('expected a package and a folder');
  await mkdir(workFolder, { recursive: true });
  const fetched = await fetchDebianPackage({ name, workFolder });
  if (fetched.outcome === 'unavailable') throw new StartFailure(fetched.reason);
  process.stdout.write(`${fetched.folder}\n`);
  return 0;
});
