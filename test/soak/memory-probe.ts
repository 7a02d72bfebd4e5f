import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MeshService, waitFor } from '@weir/testing';

export const probeFolderVariable = 'WEIR_SOAK_PROBE_FOLDER';

/** Of one process, right after it collected its garbage. */
export interface MemorySample {
  readonly rssBytes: number;
  /** Used by objects, not what is set aside for them. */
  readonly heapBytes: number;
  /** Buffers and the like, outside the heap. */
  readonly externalBytes: number;
}

export interface MemoryProbe {
  /** What a service needs to be probed. */
  readonly env: Readonly<Record<string, string>>;
  readonly sample: (service: MeshService) => Promise<MemorySample>;
  readonly close: () => Promise<void>;
}

const preloadUrl = new URL('./memory-probe-preload.ts', import.meta.url);
const answerTimeoutMs = 15_000;

/** Asks services of a mesh for their memory, garbage collected. */
export const openMemoryProbe = async (): Promise<MemoryProbe> => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-soak-'));
  return {
    env: {
      NODE_OPTIONS: `--disable-warning=ExperimentalWarning --expose-gc --import=${preloadUrl.href}`,
      [probeFolderVariable]: folder,
    },
    sample: async (service) => {
      const file = join(folder, `${service.pid}.json`);
      await rm(file, { force: true });
      service.kill('SIGUSR2');
      const text = await waitFor(() => readFile(file, 'utf8').catch(() => undefined), {
        what: `${service.name} to say how much memory it has`,
        timeoutMs: answerTimeoutMs,
      });
      return JSON.parse(text) as MemorySample;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
};
