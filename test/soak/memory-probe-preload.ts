// Loaded with --import into every service of a soak: on SIGUSR2 it collects garbage and writes down what is left.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type MemorySample, probeFolderVariable } from './memory-probe.ts';

const folder = process.env[probeFolderVariable];

const collectGarbage = async (): Promise<void> => {
  await globalThis.gc?.();
  // What finalizers let go of is garbage only now.
  await nextTurn();
  await globalThis.gc?.();
};

const writeSample = async (target: string): Promise<void> => {
  await collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const sample: MemorySample = { rssBytes: rss, heapBytes: heapUsed, externalBytes: external };
  writeFileSync(`${target}.part`, JSON.stringify(sample));
  renameSync(`${target}.part`, target);
};

if (folder !== undefined) {
  process.on('SIGUSR2', () => void writeSample(join(folder, `${process.pid}.json`)));
}
