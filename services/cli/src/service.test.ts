import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandTable } from './command-table.ts';
import { runCommandLine } from './service.ts';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly ifMatch: string | undefined;
  readonly body: unknown;
}

let server: Server;
let folder = '';
const seen: Seen[] = [];
let answer: { status: number; body: unknown } = { status: 200, body: {} };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-cli-'));
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      seen.push({
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization,
        ifMatch: request.headers['if-match'],
        body: text === '' ? undefined : JSON.parse(text),
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const run = async (args: readonly string[], input = '', env: Record<string, string> = {}) => {
  let out = '';
  let note = '';
  seen.length = 0;
  const { port } = server.address() as AddressInfo;
  const code = await runCommandLine(args, {
    env: {
      WEIR_ADMIN_URL: `http://127.0.0.1:${port}`,
      WEIR_ADMIN_TOKEN: 'token',
      WEIR_STATE: folder,
      ...env,
    },
    folder,
    out: async (text) => {
      out += text;
    },
    note: async (text) => {
      note += text;
    },
    readInput: async () => input,
  });
  return { code, out, note, seen: [...seen] };
};

describe('the command line', () => {
  test('lists every command, and tells what each takes', async () => {
    const overview = await run(['help']);
    expect(overview.code).toBe(0);
    for (const { name } of commandTable) {
      expect(overview.out).toContain(`  ${name} `);
      const help = await run([name, '--help']);
      expect([help.code, help.out]).toEqual([0, expect.stringContaining(`weir ${name}`)]);
    }
  });

  test.each([
    [[], 2],
    [['kyes'], 2],
    [['keys'], 2],
    [['keys', 'create', '--org', 'acme'], 2],
    [['keys', 'rotate', '--org', 'acme', '--id', 'k1', '--overlap', 'soon'], 2],
    [['usage', '--colour', 'red'], 2],
    [['check', 'nowhere.yaml'], 1],
    [['prices', 'import', 'nowhere.json', '--format', 'litellm'], 1],
    [['prices', 'import', 'x.json', '--format', 'xml'], 2],
  ])('%j ends with %d and says why', async (args, code) => {
    const done = await run(args);
    expect(done.code).toBe(code);
    expect(done.seen).toEqual([]);
    expect(done.note + done.out).not.toMatch(/\n {4}at /);
  });

  test('guesses what was meant', async () => {
    expect((await run(['kyes'])).note).toBe('weir: there is no command kyes; did you mean keys?\n');
  });

  test('shows the secret of a new key by itself, and sends what was asked for', async () => {
    answer = { status: 201, body: { id: 'k1', org: 'acme', secret: 'weir-secret' } };
    const done = await run(
      ['keys', 'create', '--org', 'acme', '--id', 'k1', '--model', 'a,b', '--model', 'c*', '--rules', '-'],
      '{"rateLimits":[{"requestsPerMinute":1}]}',
    );
    expect(done.code).toBe(0);
    expect(done.out).toBe('id   k1\norg  acme\nweir-secret\n');
    expect(done.seen).toEqual([
      {
        method: 'POST',
        path: '/v1/orgs/acme/keys',
        authorization: 'Bearer token',
        ifMatch: undefined,
        body: { id: 'k1', models: ['a', 'b', 'c*'], rateLimits: [{ requestsPerMinute: 1 }] },
      },
    ]);
  });

  test('changes what has the revision that was seen', async () => {
    answer = { status: 200, body: { org: 'acme' } };
    const done = await run(['orgs', 'update', '--org', 'acme', '--tier', 'none', '--if-match', '7']);
    expect(done.seen).toMatchObject([{ method: 'PATCH', ifMatch: '"7"', body: { tier: null } }]);
  });

  test('names cannot leave their place in a path', async () => {
    answer = { status: 404, body: { error: { reason: 'org_not_found', message: 'There is none.' } } };
    const done = await run(['orgs', 'show', '--org', '../prices']);
    expect(done.seen).toMatchObject([{ path: '/v1/orgs/..%2Fprices' }]);
    expect([done.code, done.note]).toEqual([1, 'weir: org_not_found: There is none.\n']);
  });

  test('lists canaries, and ends one by hand', async () => {
    const canary = { route: 'chat', canary: 'v2', phase: 'progressing', weight: 5 };
    answer = { status: 200, body: { data: [canary] } };
    const listed = await run(['traffic', 'list']);
    expect(listed.seen).toMatchObject([{ method: 'GET', path: '/v1/traffic' }]);
    expect(listed.out).toMatch(/^route .*weight.*\nchat .*v2 +progressing.* 5/);
    answer = { status: 200, body: { ...canary, phase: 'rolled_back', weight: 0 } };
    const ended = await run(['traffic', 'rollback', '--route', 'chat']);
    expect(ended.seen).toMatchObject([{ method: 'POST', path: '/v1/traffic/chat/rollback' }]);
    expect(ended.out).toContain('rolled_back');
  });

  test('changes no price without --apply', async () => {
    const catalogue = {
      'gpt-x': { input_cost_per_token: 0.000001, output_cost_per_token: 0.000002, mode: 'chat' },
    };
    await writeFile(join(folder, 'catalogue.json'), JSON.stringify(catalogue));
    answer = { status: 200, body: { added: ['gpt-x'], removed: [], changed: [], skipped: [] } };
    const shown = await run(['prices', 'import', 'catalogue.json', '--format', 'litellm']);
    expect(shown.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/prices/diff']);
    expect(shown.out).toContain('+ gpt-x\n1 models added');
    const applied = await run(['prices', 'import', 'catalogue.json', '--format', 'litellm', '--apply']);
    expect(applied.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/prices/diff',
      'PUT /v1/prices/books/litellm',
    ]);
  });

  test('finds mistakes in a configuration, with their lines', async () => {
    await writeFile(join(folder, 'wrong.yaml'), 'version: 1\nupstreams:\n  local:\n    provider: openia\n');
    const done = await run(['check', 'wrong.yaml']);
    expect(done.code).toBe(1);
    expect(done.note).toMatch(/wrong\.yaml:4: upstreams\.local\.provider: .*did you mean "openai"\?/);
  });

  test('says what is missing when there is nobody to ask', async () => {
    const noToken = await run(['orgs', 'list'], '', { WEIR_ADMIN_TOKEN: '' });
    expect([noToken.code, noToken.note]).toEqual([1, expect.stringContaining('set WEIR_ADMIN_TOKEN')]);
    const nobody = await run(['orgs', 'list'], '', { WEIR_ADMIN_URL: 'http://127.0.0.1:9' });
    expect([nobody.code, nobody.note]).toEqual([1, expect.stringContaining('set WEIR_ADMIN_URL')]);
  });
});

test('the password in the URL of a NATS server that does not answer is not shown', async () => {
  const env = { NATS_URL: 'nats://me:hunter2@127.0.0.1:1,nats://token@127.0.0.1:2' };
  const { code, note } = await run(['ledger', 'verify'], '', env);
  expect({ code, note }).toEqual({
    code: 3,
    note: 'weir: connecting to nats://127.0.0.1:1,nats://127.0.0.1:2 took longer than 5000 ms; set NATS_URL\n',
  });
});
