import { fileURLToPath } from 'node:url';
import { type Mesh, startMesh, waitFor } from '@weir/testing';
import { createLedgerWatch, readGauge } from '../bench/competitors/ledger-watch.ts';
import { type BenchChild, startBenchChild } from '../bench/process/bench-child.ts';
import { sampleProcesses } from '../bench/process/process-stats.ts';
import type { CountedLoadJob, CountedLoadResult } from './counted-load.ts';
import { createKeys, secretOf } from './many-keys.ts';
import { type MemoryProbe, type MemorySample, openMemoryProbe } from './memory-probe.ts';
import type { SoakOptions } from './options.ts';
import type { SoakResult, SoakSample } from './soak-result.ts';

type Say = (line: string) => void;

const upstreamFile = fileURLToPath(new URL('../bench/upstream/instant-upstream.ts', import.meta.url));
const loadFile = fileURLToPath(new URL('./load-process.ts', import.meta.url));
const keysKnownTimeoutMs = 60_000;
const answerTimeoutMs = 30_000;
/** Full before the first third of a whole run is over: what it fills would otherwise look like growth. */
const accountsInMemory = 50_000;
/** A busy machine must not turn limits into refusals. */
const storeTimeoutMs = 2_000;

const configFor = (upstreamPort: number): object => ({
  version: 1,
  upstreams: { instant: { provider: 'openai', targets: [`http://127.0.0.1:${upstreamPort}/v1`] } },
  pricing: { models: [{ model: 'instant', inputPerMillion: '2.50', outputPerMillion: '10' }] },
});

const startSoakMesh = (upstreamPort: number, probe: MemoryProbe): Promise<Mesh> =>
  startMesh({
    simulators: 0,
    redis: true,
    config: configFor(upstreamPort),
    env: {
      NODE_ENV: 'production',
      WEIR_LOG_LEVEL: 'info',
      WEIR_METERING_MAX_ACCOUNTS: String(accountsInMemory),
      WEIR_POLICY_STORE_TIMEOUT_MS: String(storeTimeoutMs),
      ...probe.env,
    },
  });

/** Keys come to policy in the order of their creation: who knows the last one knows all. */
const untilKeysAreKnown = (mesh: Mesh, keys: number): Promise<true> =>
  waitFor(
    async () => {
      const answer = await fetch(`${mesh.baseUrl}/v1/models`, {
        headers: { authorization: `Bearer ${secretOf(keys - 1)}` },
      });
      await answer.arrayBuffer();
      return answer.status === 200;
    },
    { what: 'policy to know all keys', timeoutMs: keysKnownTimeoutMs, intervalMs: 200 },
  );

const sampleMesh = async (mesh: Mesh, probe: MemoryProbe): Promise<ReadonlyMap<string, MemorySample>> => {
  const samples = new Map<string, MemorySample>();
  // One after the other: on a small machine collections side by side only wait for each other.
  for (const service of Object.values(mesh.services).flat())
    samples.set(service.name, await probe.sample(service));
  return samples;
};

const sampleServers = async (mesh: Mesh): Promise<ReadonlyMap<string, number | undefined>> => {
  const samples = await sampleProcesses([
    { role: 'nats-server', pid: mesh.nats().pid() },
    { role: 'redis-server', pid: mesh.redis().pid() },
  ]);
  return new Map(samples.map(({ role, rssBytes }) => [role, rssBytes]));
};

/** Attempts that metering has rated since it started. */
const countRated = async (mesh: Mesh): Promise<number | undefined> => {
  const answer = await fetch(`${mesh.services.metering[0]?.healthUrl}/metrics`);
  const finals = (await answer.text())
    .split('\n')
    .find((line) => line.startsWith('weir_metering_events_total{') && line.includes('outcome="settled"'));
  return finals === undefined ? undefined : readGauge(finals, 'weir_metering_events_total');
};

const addFailures = (
  failed: Map<string, number>,
  { failed: more }: Pick<CountedLoadResult, 'failed'>,
): void => {
  for (const [status, count] of Object.entries(more)) failed.set(status, (failed.get(status) ?? 0) + count);
};

const describeSample = ({ requests, requestsPerSecond, services }: SoakSample): string => {
  const parts = [...services].map(
    ([name, { rssBytes, heapBytes }]) =>
      `${name} ${Math.round(rssBytes / 1_048_576)}/${Math.round(heapBytes / 1_048_576)}`,
  );
  return `${requests} requests, ${Math.round(requestsPerSecond ?? 0)}/s, MiB resident/heap: ${parts.join(', ')}`;
};

interface Site {
  readonly mesh: Mesh;
  readonly load: BenchChild;
  readonly probe: MemoryProbe;
  readonly options: SoakOptions;
  readonly say: Say;
}

const drive = async ({ mesh, load, probe, options, say }: Site): Promise<SoakResult> => {
  const { settle } = createLedgerWatch(mesh.services.metering[0]?.healthUrl ?? '');
  const samples: SoakSample[] = [];
  const failed = new Map<string, number>();
  const take = async (requests: number, requestsPerSecond: number | undefined): Promise<void> => {
    await settle();
    const services = await sampleMesh(mesh, probe);
    const sample = { requests, requestsPerSecond, services, servers: await sampleServers(mesh) };
    say(describeSample(sample));
    samples.push(sample);
  };
  await take(0, undefined);
  const endsAtMs = performance.now() + options.minutes * 60_000;
  let answered = 0;
  let sent = 0;
  while (sent < options.requests && performance.now() < endsAtMs) {
    const requests = Math.min(options.every, options.requests - sent);
    const durationMs = endsAtMs - performance.now();
    const { connections, keys } = options;
    const job: CountedLoadJob = {
      port: Number(new URL(mesh.baseUrl).port),
      connections,
      keys,
      from: sent,
      requests,
      durationMs,
    };
    const startedMs = performance.now();
    const result = (await load.request(job, durationMs + answerTimeoutMs)) as CountedLoadResult;
    const tookMs = performance.now() - startedMs;
    answered += result.answered;
    addFailures(failed, result);
    sent += requests;
    // What was cut off by the time limit is no sample like the others.
    if (performance.now() < endsAtMs) await take(sent, (result.answered * 1_000) / tookMs);
  }
  await settle();
  return { samples, answered, failed, rated: await countRated(mesh) };
};

/** Starts a mesh with many keys, sends requests with all of them, and watches memory. */
export const runSoak = async (options: SoakOptions, say: Say): Promise<SoakResult> => {
  const stops: (() => Promise<void>)[] = [];
  try {
    const upstream = await startBenchChild(upstreamFile);
    stops.push(upstream.stop);
    const load = await startBenchChild(loadFile);
    stops.push(load.stop);
    const probe = await openMemoryProbe();
    stops.push(probe.close);
    const mesh = await startSoakMesh(Number(upstream.ready['port']), probe);
    stops.push(mesh.stop);
    await createKeys(mesh.nats().url, options.keys);
    await untilKeysAreKnown(mesh, options.keys);
    say(`${options.keys} keys, each with a rate limit and a budget`);
    return await drive({ mesh, load, probe, options, say });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
};
