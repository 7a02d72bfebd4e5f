import dns from 'node:dns';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { jetstreamManager } from '@nats-io/jetstream';
import { buckets, counterText, parseConfig, subjects } from '@weir/contracts';
import { encodeCheckpoint } from '@weir/ledger';
import {
  connectNatsBus,
  createLedgerPublisher,
  createLogReader,
  ensureStreams,
  type NatsBus,
  openCheckpointBucket,
  putIfChanged,
} from '@weir/messaging';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  createHistory,
  type HistoryUnit,
  toLedgerMessages,
  toUsageMessages,
} from '../../../../shared/ledger/src/testdata/history.ts';
import { createAdminClient } from '../admin-client.ts';
import { type CommandContext, CommandFailure } from '../command.ts';
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

const files = new Map<string, string>();

const run = async (...args: string[]) => {
  let [text, errors] = ['', ''];
  const context = {
    env: { ELSEWHERE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    bus: async () => bus,
    admin: (url = 'http://127.0.0.1:1') => createAdminClient({ url, token: 'token' }),
    readFile: async (file: string) => {
      const text = files.get(file);
      if (text === undefined) throw new CommandFailure(`${file} cannot be read`);
      return text;
    },
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
  [['verify', '--sink', 'usage.db'], '--sink: expected admin'],
  [['verify', '--sink', 'warehouse=mysql://host'], '--sink: expected admin'],
  [['verify', '--sink', 'warehouse=http://host'], '--sink: expected admin'],
  [['verify', '--provider-usage', 'usage.json'], 'expected <upstream>=<file>'],
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

/** An admin service that says this of its database. */
const startAdmin = async (held: object): Promise<{ readonly server: Server; readonly url: string }> => {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/v1/usage/ledger' ? 200 : 404, {
      'content-type': 'application/json',
    });
    response.end(JSON.stringify(held));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

/** What a sink holds that has the whole ledger. */
const heldOf = (epoch: string, ledgerSequence: number) => {
  const deltas = units.flatMap(({ records }) => records.map(({ event }) => event.data.delta));
  const sum = (name: 'requests' | 'inputTokens' | 'outputTokens' | 'amountNano' | 'chargeNano') =>
    String(deltas.reduce((total, delta) => total + BigInt(delta[name]), 0n));
  return {
    ledgerSequence,
    ledgerEpoch: epoch,
    records: deltas.length,
    requests: sum('requests'),
    inputTokens: sum('inputTokens'),
    outputTokens: sum('outputTokens'),
    costNano: sum('amountNano'),
    chargeNano: sum('chargeNano'),
  };
};

test('a sink is held against the ledger as of its watermark', async () => {
  const ledger = createLogReader(bus, 'LEDGER');
  const { epoch, last } = await ledger.info();
  ledger.close();
  const held = heldOf(epoch, last);
  const verified = async (given: object, ...args: string[]) => {
    const { server, url } = await startAdmin({ ...held, ...given });
    const ran = await run('verify', '--sink', `admin=${url}/`, ...args);
    server.close();
    return { ...ran, url };
  };
  const right = await verified({});
  expect(right.text).toContain(`admin ${right.url} at LEDGER ${last}`);
  expect(right.text).toMatch(/^I6 {2}ok/m);
  expect(right.code).toBe(0);
  expect(await verified({ records: held.records - 1 })).toMatchObject({
    code: 1,
    text: expect.stringMatching(/I6 sink admin .*: the number of records; expected \d+, found \d+/),
  });
  expect(await verified({ ledgerSequence: last + 1 })).toMatchObject({
    code: 1,
    text: expect.stringContaining('the sink is ahead of the ledger'),
  });
  expect(await verified({ ledgerEpoch: '2024-01-01T00:00:00Z' })).toMatchObject({
    code: 1,
    text: expect.stringContaining('the sink is of another ledger'),
  });
  for (const given of [{ records: '30' }, { ledgerSequence: undefined }, { chargeNano: 1.5 }])
    expect(await verified(given)).toMatchObject({
      code: 3,
      text: '',
      errors: expect.stringMatching(
        /^weir: sink admin http:.*: it does not answer as an admin service does$/m,
      ),
    });
});

test('a sink that cannot be read is no answer, and the password of its URL is not shown', async () => {
  const parsed = parseConfig({
    version: 1,
    upstreams: { local: { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] } },
    exports: [
      { name: 'elsewhere', kind: 'postgres', url: { fromEnv: 'ELSEWHERE_URL' } },
      { name: 'secret', kind: 'postgres', url: { fromEnv: 'NOT_SET' } },
      { name: 'file', kind: 'postgres', url: { fromFile: 'no-such-file' } },
      { name: 'meter', kind: 'openmeter', url: 'http://127.0.0.1:1' },
      { name: 'late', kind: 'postgres', url: { fromEnv: 'NOT_SET' }, startAt: 'new' },
    ],
  });
  if (parsed.outcome !== 'valid') throw new Error(JSON.stringify(parsed.problems));
  const target = { bucket: buckets.config, key: 'current', replicas: 1 };
  await putIfChanged(bus, target, JSON.stringify(parsed.config));
  for (const [sink, problem] of [
    ['admin', 'the admin service at http://127.0.0.1:1 does not answer'],
    ['admin=http://me:hunter2@127.0.0.1:1', 'the URL of the admin service holds a name or a password'],
    ['elsewhere', 'sink elsewhere: connect ECONNREFUSED'],
    ['elsewhere=postgres://me:hunter2@127.0.0.1:1/none', 'sink elsewhere: connect ECONNREFUSED'],
    ['secret', 'sink secret: NOT_SET is not set'],
    ['file', 'no-such-file cannot be read'],
    ['meter', 'sink meter: a sink of kind openmeter cannot be asked what it holds'],
    [
      'warehouse',
      'sink warehouse: not in the configuration in force, which has elsewhere, secret, file, meter, late',
    ],
  ] as const) {
    const { code, text, errors } = await run('verify', '--sink', sink);
    expect({ code, text }).toEqual({ code: 3, text: '' });
    expect(errors).toContain(problem);
    expect(errors).not.toContain('hunter2');
  }
});

const postgresMessage = (kind: string, body: string): Buffer => {
  const frame = Buffer.from(`${kind}0000${body}`, 'latin1');
  frame.writeInt32BE(frame.length - 1, 1);
  return frame;
};

/** A PostgreSQL that says the same to each query, and never closes a connection. */
const startPostgres = async (...answer: readonly Buffer[]) => {
  const ready = postgresMessage('Z', 'I');
  const server = createSocketServer({ allowHalfOpen: true }, (socket) => {
    socket.once('data', () => {
      socket.write(Buffer.concat([postgresMessage('R', '\0\0\0\0'), ready]));
      socket.once('data', () => socket.write(Buffer.concat([...answer, ready])));
    });
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `postgres://me:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}/none` };
};

test('a database that never closes its side keeps nobody waiting', async () => {
  const refused = postgresMessage('E', 'SERROR\0C42P01\0Mthere is no such table\0\0');
  const { server, url } = await startPostgres(refused);
  const { code, errors } = await run('verify', '--sink', `elsewhere=${url}`);
  expect({ code, errors }).toEqual({ code: 3, errors: 'weir: sink elsewhere: there is no such table\n' });
  server.close();
});

const int16 = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const int32 = (value: number): string => int16(value >> 16) + int16(value & 65_535);
const boolType = 16;
const textType = 25;
const jsonType = 114;
const textsType = 1_009;

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
const postgresRow = (columns: readonly (readonly [string, number, string])[]): Buffer => {
  const names = columns.map(
    ([name, type]) => `${name}\0${int32(0)}${int16(0)}${int32(type)}${int16(-1)}${int32(-1)}${int16(0)}`,
  );
  const values = columns.map(([, , value]) => int32(value.length) + value);
  return Buffer.concat([
    postgresMessage('1', ''),
    postgresMessage('2', ''),
    postgresMessage('T', int16(columns.length) + names.join('')),
    postgresMessage('D', int16(columns.length) + values.join('')),
    postgresMessage('C', 'SELECT 1\0'),
  ]);
};

test('a database that takes only what is new is held against the ledger from its first record', async () => {
  const ledger = createLogReader(bus, 'LEDGER');
  const { epoch, last } = await ledger.info();
  ledger.close();
  const taken = units.slice(1).flatMap(({ records }) => records.map(({ event }) => event.data.delta));
  const first = (units[0]?.records.length ?? 0) + 2;
  const sum = (name: 'requests' | 'inputTokens' | 'outputTokens' | 'amountNano' | 'chargeNano') =>
    String(taken.reduce((total, delta) => total + BigInt(delta[name]), 0n));
  const sums = JSON.stringify({
    requests: sum('requests'),
    input_tokens: sum('inputTokens'),
    output_tokens: sum('outputTokens'),
    amount_nano: sum('amountNano'),
    charge_nano: sum('chargeNano'),
  });
  const row = postgresRow([
    ['epoch', textType, epoch],
    ['sequence', textType, String(last)],
    ['sinks', textsType, '{late}'],
    ['records', textType, String(taken.length)],
    ['first', textType, String(first)],
    ['recorded', jsonType, sums],
    ['daily', jsonType, sums],
    ['beyond', boolType, 'f'],
  ]);
  const { server, url } = await startPostgres(row);
  const { code, text } = await run('verify', '--sink', `late=${url}`);
  expect(text).toMatch(
    new RegExp(
      `^I6 {2}ok .*; late at LEDGER ${last}, from LEDGER ${first}, its first record; late by day at LEDGER ${last}, from`,
      'm',
    ),
  );
  expect(code).toBe(0);
  expect((await run('verify', '--sink', `elsewhere=${url}`)).errors).toContain(
    'sink elsewhere: schema weir has the records of late, and none says whose it is',
  );
  server.close();
});

test('a database of several addresses that do not answer is told with what each said', async () => {
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((
    _host: string,
    _options: object,
    done: (error: null, found: object[]) => void,
  ) =>
    done(
      null,
      ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 })),
    )) as never);
  const { errors } = await run('verify', '--sink', 'elsewhere=postgres://me@database:1/none');
  lookup.mockRestore();
  expect(errors).toMatch(
    /^weir: sink elsewhere: connect ECONNREFUSED 127.0.0.1:1, connect ECONNREFUSED 127.0.0.2:1$/m,
  );
});

/** A page as OpenAI answers it, of one day. */
const pageOf = (day: string, inputTokens: number | string) => {
  const startTime = Date.parse(`${day}T00:00:00Z`) / 1_000;
  const result = {
    object: 'organization.usage.completions.result',
    input_tokens: inputTokens,
    output_tokens: 1,
    num_model_requests: 1,
    model: 'small',
  };
  return JSON.stringify({
    object: 'page',
    data: [{ object: 'bucket', start_time: startTime, end_time: startTime + 86_400, results: [result] }],
    has_more: false,
    next_page: null,
  });
};

test('what a provider counted before there was a ledger is left out, and said so', async () => {
  files.set('usage.json', pageOf('2025-01-20', 10));
  const { code, text } = await run('verify', '--provider-usage', 'gpu=usage.json');
  expect(text).toMatch(/^I7 {2}not checked .*0 days compared; 1 left out, begun before the ledger was/m);
  expect(code).toBe(0);
});

test('a report that is not one is no answer, and the path of the mistake is told', async () => {
  files.set('text.json', 'usage');
  files.set('wrong.json', pageOf('2025-01-20', 'many'));
  files.set('usage.json', pageOf('2025-01-20', 10));
  for (const [given, problem] of [
    ['gpu=text.json', 'text.json: Unexpected token'],
    ['gpu=none.json', 'none.json cannot be read'],
    [
      'gpu=wrong.json',
      'wrong.json: data[0].results[0].input_tokens: expected a whole number, 0 or more, found "many"',
    ],
  ] as const) {
    const { code, text, errors } = await run('verify', '--provider-usage', given);
    expect({ code, text }).toEqual({ code: 3, text: '' });
    expect(errors).toContain(problem);
  }
  const twice = ['--provider-usage', 'gpu=usage.json', '--provider-usage', 'gpu=usage.json'];
  expect(await run('verify', ...twice)).toMatchObject({
    code: 3,
    errors: expect.stringContaining('gpu completions 2025-01-20 is there twice'),
  });
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
  const since = await run(
    ...['verify', '--since-checkpoint', '--sink', 'admin', '--provider-usage', 'gpu=usage.json'],
  );
  expect(since.text).toMatch(/^I6 {2}not checked .*the ledger was not read from its start/m);
  expect(since.text).toMatch(/^I7 {2}not checked .*the ledger was not read from its start/m);
  expect(since.code).toBe(0);
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
