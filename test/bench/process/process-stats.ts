import { readFile } from 'node:fs/promises';

/** Linux counts CPU time of a process in units of 1/100 s on every platform that Node runs on: see proc_pid_stat(5). */
const msPerTick = 10;

export interface NamedProcess {
  readonly role: string;
  readonly pid: number;
}

/** Processes of the bench itself, which are no competitor's cost. */
export const commonRoles = {
  upstream: 'upstream',
  generator: 'load generator',
  harness: 'log reader',
} as const;

const common: ReadonlySet<string> = new Set(Object.values(commonRoles));

export const isCommonRole = (role: string): boolean => common.has(role);

export interface ProcessSample {
  readonly role: string;
  /** User and system time of all threads since the start; undefined where the system does not tell. */
  readonly cpuMs: number | undefined;
  readonly rssBytes: number | undefined;
}

export const parseCpuMs = (stat: string): number | undefined => {
  // The name is in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * msPerTick : undefined;
};

export const parseRssBytes = (status: string): number | undefined => {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
};

const readOrEmpty = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

export const sampleProcesses = (processes: readonly NamedProcess[]): Promise<ProcessSample[]> =>
  Promise.all(
    processes.map(async ({ role, pid }) => ({
      role,
      cpuMs: parseCpuMs(await readOrEmpty(`/proc/${pid}/stat`)),
      rssBytes: parseRssBytes(await readOrEmpty(`/proc/${pid}/status`)),
    })),
  );
