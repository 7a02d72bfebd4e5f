import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subjects } from '@weir/contracts';

/** A configuration of the bus by which load reports of some adapters get to nobody. It counts from the next reload on. */
export interface ReportValve {
  readonly configFile: string;
  set(pool: string, instance: string, arrive: boolean): Promise<void>;
  close(): Promise<void>;
}

const meshConfig = new URL('../../infra/nats/nats.conf', import.meta.url);
/** Nobody listens there. */
const nowhere = 'placement.lost';

export const openReportValve = async (): Promise<ReportValve> => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-placement-'));
  const configFile = join(folder, 'nats.conf');
  const base = await readFile(meshConfig, 'utf8');
  await writeFile(configFile, base);
  // A mapping that is left out of the next configuration stays as it was: it has to be one to itself.
  const mappings = new Map<string, string>();
  return {
    configFile,
    set: async (pool, instance, arrive) => {
      const subject = subjects.load(pool, instance);
      mappings.set(subject, arrive ? subject : nowhere);
      const lines = [...mappings].map(([from, to]) => `  "${from}": "${to}"`);
      await writeFile(configFile, `${base}\nmappings: {\n${lines.join('\n')}\n}\n`);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
};
