import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { jetstreamManager } from '@nats-io/jetstream';
import {
  type AttemptFinal,
  buckets,
  counterText,
  type LedgerCommit,
  parseConfig,
  type RatedUsage,
  streams,
  subjects,
  type ThresholdEvent,
  toFinalEvent,
  toStartedEvent,
  usageEventTypes,
} from '@weir/contracts';
import { readLedgerMessage } from '@weir/ledger';
import {
  connectNatsBus,
  createLedgerPublisher,
  createLogReader,
  createUsagePublisher,
  ensureStreams,
  type LogMessage,
  type NatsBus,
  putIfChanged,
  type UsagePublisher,
} from '@weir/messaging';
import { startNats, type TestNats, waitFor } from '@weir/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLedger } from './ledger/run-ledger.ts';
import { hashUnit } from './sha256.ts';
import { baseFinal, rateByToken } from './testdata/ledger-world.ts';

const now = Date.now();
const monthly = counterText({ unit: 'tokens', scope: 'org:acme', budget: 'monthly', startsAt: 0, endsAt: 1 });

/** The period of a daily budget in UTC that `now` is in. */
const dayStart = Math.floor(now / 86_400_000) * 86_400;
const daily = counterText({
  unit: 'tokens',
  scope: 'org:acme',
  budget: 'daily',
  startsAt: dayStart,
  endsAt: dayStart + 86_400,
});

const config = {
  version: 1,
  upstreams: { gpu: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'], models: ['small'] } },
  pricing: { models: [{ model: 'small', inputPerMillion: '1', outputPerMillion: '2' }] },
  tenants: [
    {
      org: 'acme',
      budgets: [
        { name: 'daily', unit: 'tokens', limit: '1000', period: 'daily', alertThresholds: [0.5, 0.8, 1] },
      ],
    },
  ],
};

let nats: TestNats;
let bus: NatsBus;
let publisher: UsagePublisher;
let processes: ChildProcess[] = [];
let logs: string[] = [];

beforeEach(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  await ensureStreams(bus, { replicas: 1 });
  publisher = createUsagePublisher({ bus, ackTimeoutMs: 2_000, onRetry: () => undefined });
  processes = [];
  logs = [];
});
afterEach(async () => {
  for (const child of processes) child.kill('SIGKILL');
  await bus?.close(1_000);
  await nats?.stop();
});

const publishConfig = async (): Promise<void> => {
  const parsed = parseConfig(config);
  if (parsed.outcome === 'invalid') throw new Error(JSON.stringify(parsed.problems));
  const target = { bucket: buckets.config, key: 'current', replicas: 1 };
  await putIfChanged(bus, target, JSON.stringify(parsed.config));
};

interface Metering {
  readonly healthUrl: string;
  kill(): Promise<void>;
}

/** A process of its own, since it is to be killed. */
const startMetering = async (env: Record<string, string> = {}): Promise<Metering> => {
  const child = fork(new URL('./main.ts', import.meta.url), {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      NATS_URL: nats.url,
      WEIR_HEALTH_PORT: '0',
      WEIR_METERING_LEASE_MS: '500',
      ...env,
    },
    silent: true,
  });
  processes.push(child);
  child.stdout?.on('data', (chunk: Buffer) => logs.push(chunk.toString()));
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  const healthPort = (message as { healthPort?: number } | null)?.healthPort;
  if (healthPort === undefined) throw new Error(`metering did not start\n${logs.join('')}`);
  return {
    healthUrl: `http://127.0.0.1:${healthPort}`,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};

const dataOf = (requestId: string, fields: Partial<AttemptFinal> = {}): AttemptFinal => ({
  ...baseFinal,
  requestId,
  startedAt: now,
  deadline: now + 60_000,
  charges: [daily, monthly],
  ...fields,
});

const tell = async (requestId: string, fields: Partial<AttemptFinal> = {}): Promise<void> => {
  const { revision, quality, outcome, usage, totalMs, deliveredBytes, ...intent } = dataOf(requestId, fields);
  await publisher.publish(toStartedEvent('/gateways/test', intent), true);
  await publisher.publish(toFinalEvent('/gateways/test', dataOf(requestId, fields)), false);
};

/** As from several adapters at a time: each waits until one event is stored before it tells the next. */
const tellSideBySide = async (goesOn: (told: number) => boolean): Promise<number> => {
  let told = 0;
  const work = async (): Promise<void> => {
    while (goesOn(told)) {
      told += 1;
      await tell(`request-${told}`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return told;
};

const readAll = async (stream: string): Promise<LogMessage[]> => {
  const reader = createLogReader(bus, stream);
  const all: LogMessage[] = [];
  for (;;) {
    const read = await reader.read({ from: all.length + 1 });
    if (read.outcome === 'away') throw new Error(read.why);
    all.push(...read.messages);
    if (read.pending === 0) break;
  }
  reader.close();
  return all;
};

interface Ledger {
  readonly records: RatedUsage[];
  readonly commits: LedgerCommit[];
}

const readLedger = async (): Promise<Ledger> => {
  const records: RatedUsage[] = [];
  const commits: LedgerCommit[] = [];
  for (const { subject, data } of await readAll(streams.ledger)) {
    const read = readLedgerMessage(subject, data);
    if (read.kind === 'record') records.push(read.event.data);
    else if (read.kind === 'commit') commits.push(read.commit);
    else throw new Error(read.problem);
  }
  return { records, commits };
};

const untilRecords = (count: number): Promise<Ledger> =>
  waitFor(
    async () => {
      const ledger = await readLedger();
      return ledger.records.length >= count ? ledger : undefined;
    },
    { what: `${count} records`, timeoutMs: 30_000, intervalMs: 100 },
  );

const expectWhole = ({ records, commits }: Ledger, requests: number): void => {
  expect(new Set(records.map(({ requestId }) => requestId)).size).toBe(requests);
  expect(records).toHaveLength(requests);
  let to = 0;
  let hash = '0'.repeat(64);
  for (const commit of commits) {
    expect(commit).toMatchObject({ from: to, previousHash: hash });
    to = commit.to;
    hash = commit.hash;
  }
};

const alertsOf = async (): Promise<ThresholdEvent[]> =>
  (await readAll(streams.alerts)).map(({ data }) => JSON.parse(Buffer.from(data).toString()));

describe('metering that comes before its configuration', { timeout: 60_000 }, () => {
  it('writes as soon as there is one, and has not warned that nothing is written', async () => {
    const starting = startMetering();
    // It has its turn: the next thing that it asks for is the configuration.
    await waitFor(() => logs.join('').includes('a server on its own keeps no more copies'), {
      what: 'it to look at the streams',
    });
    await publishConfig();
    await starting;
    await tell('request-1');
    expectWhole(await untilRecords(1), 1);
    expect(logs.join('')).not.toContain('the ledger is not being written');
  });
});

describe('metering', { timeout: 60_000 }, () => {
  beforeEach(publishConfig);

  it('rates what was used, and says once that a budget has reached its thresholds', async () => {
    const first = await startMetering();
    for (let index = 0; index < 20; index += 1) await tell(`request-${index}`);
    const { records, commits } = await untilRecords(20);
    expect(records[0]).toMatchObject({
      requestId: 'request-0',
      rating: { status: 'rated', amountNano: '50000', chargeNano: '50000', currency: 'USD' },
      delta: { inputTokens: 10, outputTokens: 20, requests: 1, chargeNano: '50000' },
    });
    expectWhole({ records, commits }, 20);
    await waitFor(async () => (await alertsOf()).length === 1, { what: 'the first alert' });
    await first.kill();

    await startMetering();
    for (let index = 20; index < 40; index += 1) await tell(`request-${index}`);
    expectWhole(await untilRecords(40), 40);
    await waitFor(async () => (await alertsOf()).length === 3, { what: 'all alerts' });
    const alerts = (await alertsOf()).map(({ data }) => data);
    expect(alerts.map(({ thresholdPerMille, used }) => [thresholdPerMille, used])).toEqual([
      [500, '510'],
      [800, '810'],
      [1_000, '1020'],
    ]);
    expect((await readAll(streams.alerts))[0]?.subject).toBe(
      subjects.alert({ org: 'acme', budget: 'daily', period: String(dayStart), threshold: '1000-500' }),
    );
  });

  it('loses and doubles nothing when writers are killed again and again, and others take over', async () => {
    let round = 0;
    const telling = tellSideBySide((told) => round < 3 || told < 600);
    for (; round < 3; round += 1) {
      const doomed = await startMetering();
      const before = (await readLedger()).records.length;
      await untilRecords(before + 20);
      await doomed.kill();
    }
    await startMetering();
    const requests = await telling;
    await publisher.idle();
    expectWhole(await untilRecords(requests), requests);
  });

  it('accounts for an attempt whose adapter is gone, as unknown and without a charge', async () => {
    const { revision, quality, outcome, usage, totalMs, deliveredBytes, ...intent } = dataOf('request-1', {
      deadline: now - 1,
      estimatedInput: 7,
    });
    await publisher.publish(toStartedEvent('/gateways/test', intent), true);
    await startMetering({ WEIR_METERING_INTENT_GRACE_MS: '100' });
    const { records } = await untilRecords(1);
    expect(records).toMatchObject([
      { revision: 0, outcome: 'unknown', quality: 'estimated', usage: { inputText: 7, inputTotal: 7 } },
    ]);
    expect(records[0]?.rating).toMatchObject({ amountNano: '7000', chargeNano: '0' });
    await waitFor(async () => (await readLedger()).commits.at(-1)?.openIntents === 0, { what: 'no intent' });
    const finals = (await readAll(streams.usage)).flatMap(({ data }) =>
      JSON.parse(Buffer.from(data).toString()).filter(
        ({ type }: { type: string }) => type === usageEventTypes.final,
      ),
    );
    expect(finals).toHaveLength(1);
  });

  it('waits for JetStream while it is away, says so, and loses nothing', async () => {
    const metering = await startMetering();
    await tell('request-1');
    await untilRecords(1);
    await nats.kill();
    const ready = `${metering.healthUrl}/health/ready`;
    await waitFor(async () => !(await fetch(ready)).ok, { what: 'the bad news', timeoutMs: 15_000 });
    const told = tell('request-2');
    await nats.restart();
    await told;
    await publisher.idle();
    expectWhole(await untilRecords(2), 2);
    await waitFor(async () => (await fetch(ready)).ok, { what: 'the good news', timeoutMs: 15_000 });
  });

  it('buries what it cannot read, and goes on', async () => {
    await startMetering();
    bus.publish(subjects.usage, Buffer.from('no JSON'));
    await tell('request-1');
    await untilRecords(1);
    expect((await readAll(streams.deadLetters)).map(({ data }) => Buffer.from(data).toString())).toEqual([
      'no JSON',
    ]);
  });

  it('halts, and says why, when USAGE is another stream', async () => {
    const first = await startMetering();
    await tell('request-1');
    await untilRecords(1);
    await first.kill();
    const manager = await jetstreamManager(bus.connection);
    await manager.streams.delete(streams.usage);
    await ensureStreams(bus, { replicas: 1 });
    await tell('request-2');
    const second = await startMetering();
    const ready = `${second.healthUrl}/health/ready`;
    await waitFor(async () => (await (await fetch(ready)).text()).includes('reconcile them first'), {
      what: 'the reason',
    });
    expect((await readLedger()).records).toHaveLength(1);
  });
});

describe('two writers', { timeout: 60_000 }, () => {
  it('that both believe they are the one write each record once', async () => {
    const requests = 300;
    const parameters = {
      rate: rateByToken,
      hashUnit,
      maxAccounts: 1_000,
      bootAccounts: 1_000,
      knownUpTo: 0,
      onRecord: () => undefined,
      keepUp: async () => undefined,
      bury: async () => undefined,
      onBooted: () => undefined,
      onAppended: () => undefined,
      onProgress: () => undefined,
      onCaughtUp: async () => undefined,
      now: Date.now,
      pause: (pauseMs: number) => new Promise<void>((resolve) => setTimeout(resolve, pauseMs)),
      pauseMs: 5,
    };
    const usage = createLogReader(bus, streams.usage);
    const ledger = createLogReader(bus, streams.ledger);
    const stopping = new AbortController();
    let conflicts = 0;
    const write = async (by: string): Promise<void> => {
      const { append } = createLedgerPublisher(bus, 2_000, () => undefined);
      while (!stopping.signal.aborted) {
        await runLedger({ ...parameters, usage, ledger, append, by }, stopping.signal).catch(() => {
          conflicts += 1;
        });
      }
    };
    const writers = [write('one'), write('other')];
    await tellSideBySide((told) => told < requests);
    await publisher.idle();
    const written = await untilRecords(requests);
    stopping.abort();
    await Promise.all(writers);
    expectWhole(written, requests);
    expect(conflicts).toBeGreaterThan(0);
  });
});
