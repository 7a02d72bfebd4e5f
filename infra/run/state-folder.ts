import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartFailure } from './run-task.ts';

export interface StateFolder {
  readonly path: string;
  readonly jetstreamFolder: string;
  readonly logFolder: string;
  readonly release: () => Promise<void>;
}

const isRunning = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A crash leaves the file behind, and the number may since belong to another program.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'start.ts');
  return commandLine.includes('start.ts');
};

/** Takes the folder for this process: two nats-servers that write one store would destroy it. */
export const takeStateFolder = async (path: string): Promise<StateFolder> => {
  const lockFile = join(path, 'pid');
  const holder = Number(await readFile(lockFile, 'utf8').catch(() => ''));
  if (holder > 0 && holder !== process.pid && (await isRunning(holder))) {
    throw new StartFailure(
      `a mesh already runs from this checkout (process ${holder}); end it, or give this one a state of its own with WEIR_STATE=/some/folder`,
    );
  }
  const logFolder = join(path, 'logs');
  await mkdir(logFolder, { recursive: true });
  await writeFile(lockFile, String(process.pid));
  return {
    path,
    jetstreamFolder: join(path, 'jetstream'),
    logFolder,
    release: () => rm(lockFile, { force: true }),
  };
};
