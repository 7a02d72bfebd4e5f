import { jetstreamManager } from '@nats-io/jetstream';
import { counterText, subjects } from '@weir/contracts';
import { encodeCheckpoint } from '@weir/ledger';
import {
  connectNatsBus,
  createLedgerPublisher,
  createLogReader,
  ensureStreams,
  type NatsBus,
  openCheckpointBucket,
} from '@weir/messaging';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createHistory,
  type HistoryUnit,
  toLedgerMessages,
  toUsageMessages,
} from '../../../../shared/ledger/src/testdata/history.ts';
import type { CommandContext } from '../command.ts';
import { ledgerCommand } from './ledger.ts';
import { sha256 } from './ledger-access.ts';

const history = createHistory({
  attempts: Array.from({ length: 30 }, (_, index) => ({
    org: index % 2 === 0 ? 'acme' : 'globex',
    team: 'web',
    handedBack: false,
    charged: index % 2 === 0,
    accounts: [
      { revision: 0, tokens: 10 + index },
      { revision: 1, tokens: 20 + index },
    ],
  })),
  ranks: [0],
  batchSizes: [1, 4],
  unitSizes: [3],
});

let nats: TestNats;
let bus: NatsBus;
let units: HistoryUnit[];
const moneyOfAcme = counterText({
  unit: 'money',
  scope: 'org:acme',
  budget: 'money',
  startsAt: 1_735_689_600,
  endsAt: 4_102_444_800,
});

const store = async (messages: readonly { subject: string; data: Uint8Array }[], after: number) => {
  const publisher = createLedgerPublisher(bus, 5_000, () => undefined);
  let last = after;
  for (const { subject, data } of messages) {
    const appended = await publisher.append([{ subject, payload: data }], last);
    if (appended.outcome === 'appended') last = appended.lastSequence;
  }
  publisher.close();
  return last;
};

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  await ensureStreams(bus, { replicas: 1 });
  const usage = createLogReader(bus, 'USAGE');
  const { epoch } = await usage.info();
  usage.close();
  for (const { data } of toUsageMessages(history)) await bus.request(subjects.usage, data, 5_000);
  units = history.units.map(({ records, commit }) => ({
    records,
    commit: { ...commit, sourceEpoch: epoch },
  }));
});

afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

const run = async (...args: string[]) => {
  let [text, errors] = ['', ''];
  const context = {
    env: {},
    bus: async () => bus,
    out: async (given: string) => {
      text += given;
    },
    note: async (given: string) => {
      errors += given;
    },
  };
  const code = await ledgerCommand.run(args, context as unknown as CommandContext);
  return { code, text, errors };
};

test.each([
  [['prove'], 'expected verify or rebuild, not prove'],
  [['verify', '--grace-ms', 'soon'], '--grace-ms: expected a whole number of milliseconds, not soon'],
  [['rebuild', '--force'], '--force'],
])('%j is wrong usage', async (args, problem) => {
  await expect(run(...args)).rejects.toThrow(problem);
});

test('an empty ledger beside usage that waits for it holds as long as the grace time', async () => {
  expect(await run('verify')).toMatchObject({
    code: 0,
    text: expect.stringContaining('messages not in the ledger yet'),
  });
  expect((await run('verify', '--grace-ms', '0')).code).toBe(1);
});

test('a right ledger is verified, also against the store, and rebuilt', async () => {
  const last = await store(toLedgerMessages(units, sha256), 0);
  const verified = await run('verify');
  expect(verified.text).toMatch(/^I1 {2}ok/m);
  expect(verified.text).toMatch(/^I4 {2}not checked .*no policy is running/m);
  expect(verified).toMatchObject({ code: 0, errors: '' });

  const spent = new Map<string, string>();
  const policy = bus.subscribe(subjects.budgets, (message) => {
    const { counters } = JSON.parse(new TextDecoder().decode(message.data)) as { counters: string[] };
    const states = counters.map((counter) => ({ counter, spent: spent.get(counter) ?? '0', held: '0' }));
    message.respond(new TextEncoder().encode(JSON.stringify({ counters: states, watermark: last })));
  });
  const off = await run('verify', '--json');
  expect(off.code).toBe(1);
  const [i4] = JSON.parse(off.text).invariants.filter((one: { invariant: string }) => one.invariant === 'I4');
  for (const { where, expected } of i4.findings) spent.set(where.replace('counter ', ''), expected);
  const right = await run('verify');
  expect(right.text).toMatch(/^I4 {2}ok .*3 counters compared/m);
  expect(right.code).toBe(0);
  await policy.drain();

  const rebuilt = await run('rebuild');
  expect(rebuilt.text).toMatch(/^2025-01 {2}acme {2}15 requests/m);
  expect(rebuilt.code).toBe(0);
});

test('a checkpoint with a wrong total is found, and written anew where that is asked for', async () => {
  const messages = toLedgerMessages(units, sha256);
  const at = messages.findIndex(({ subject }) => subject === subjects.ledgerCommit);
  const commit = JSON.parse(new TextDecoder().decode(messages[at]?.data));
  const bucket = await openCheckpointBucket(bus, { replicas: 1 });
  const totals = new Map([[moneyOfAcme, 1n]]);
  const head = { sourceEpoch: commit.sourceEpoch, sequence: at + 1, hash: commit.hash };
  await bucket.save(encodeCheckpoint({ ...head, totals }, 0));
  expect(await run('rebuild')).toMatchObject({ code: 1, text: expect.stringContaining('WRONG') });
  expect(await run('rebuild', '--write-checkpoint')).toMatchObject({
    code: 0,
    text: expect.stringContaining('written anew'),
  });
  expect(await run('rebuild')).toMatchObject({
    code: 0,
    text: expect.stringContaining(`Checkpoint at LEDGER ${at + 1}: right`),
  });
  expect((await run('verify', '--since-checkpoint')).code).toBe(0);
});

test('a record that nobody accounts for is found', async () => {
  const messages = toLedgerMessages(units, sha256);
  const again = messages.find(({ subject }) => subject !== subjects.ledgerCommit);
  const last = await store(again ? [again] : [], messages.length);
  const commit = JSON.parse(new TextDecoder().decode(messages.at(-1)?.data));
  const closing = {
    ...commit,
    from: commit.to,
    started: 0,
    records: 1,
    duplicates: 0,
    previousHash: commit.hash,
  };
  await store(
    [{ subject: subjects.ledgerCommit, data: new TextEncoder().encode(JSON.stringify(closing)) }],
    last,
  );
  const { code, text } = await run('verify');
  expect(code).toBe(1);
  expect(text).toMatch(/^I1 {2}FAILED/m);
  expect(text).toMatch(/^I2 {2}FAILED/m);
  expect((await run('rebuild')).code).toBe(1);
});

test('a ledger that is not there cannot be read', async () => {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.delete('LEDGER');
  expect(await run('verify')).toMatchObject({
    code: 3,
    text: '',
    errors: expect.stringContaining('stream not found'),
  });
});
