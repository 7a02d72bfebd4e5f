import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartFailure } from './run-task.ts';

export interface StateFolder {
  readonly path: string;
  readonly jetstreamFolder: string;
  readonly logFolder: string;
  /** What the admin service keeps: it can be deleted, the ledger has it all. */
  readonly adminDatabase: string;
  /** Drawn by the admin service when it is not there. */
  readonly adminTokenFile: string;
  /** Tells the command line where the mesh is. */
  readonly announce: (mesh: { readonly adminUrl: string; readonly natsUrl: string }) => Promise<void>;
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
  const meshFile = join(path, 'mesh.json');
  return {
    path,
    jetstreamFolder: join(path, 'jetstream'),
    logFolder,
    adminDatabase: join(path, 'admin.db'),
    adminTokenFile: join(path, 'admin-token'),
    announce: (mesh) => writeFile(meshFile, `${JSON.stringify(mesh)}\n`),
    release: async () => {
      await rm(meshFile, { force: true });
      await rm(lockFile, { force: true });
    },
  };
};
