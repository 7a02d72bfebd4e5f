import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { isAttached, waitFor } from '@weir/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { admin, adminMesh, adminToken } from './support/admin-api.ts';
import { bearer, call, parseBody } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';

const chat = '/v1/chat/completions';
const requests = 12;
const prices = { 'sim-gpt': [2, 8], 'sim-gpt-mini': [1, 4] } as const;
type Priced = keyof typeof prices;

interface Line {
  readonly model?: string;
  readonly day?: string;
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly chargeNano: string;
  readonly unpricedAttempts: number;
}

const config = (simulatorUrls: readonly string[]) => ({
  version: 1,
  upstreams: {
    sim: {
      provider: 'openai-compatible',
      targets: simulatorUrls,
      models: ['sim-*'],
      forwardHeaders: ['x-sim-*'],
    },
  },
  pricing: {
    models: Object.entries(prices).map(([model, [inputPerMillion, outputPerMillion]]) => ({
      model,
      inputPerMillion,
      outputPerMillion,
    })),
  },
  tenants: [
    {
      org: 'demo',
      keys: [{ id: 'demo', sha256: '37a721706adc5240e60def713f9817d6800983f74ab6c89c32f41c244b29e03f' }],
    },
  ],
  exports: [{ name: 'warehouse', kind: 'postgres', url: { fromEnv: 'WAREHOUSE_URL' } }],
});

/** A PostgreSQL within this process. */
const startWarehouse = async () => {
  const database = await PGlite.create();
  const server = new PGLiteSocketServer({ db: database, port: 0, maxConnections: 10 });
  await server.start();
  return {
    database,
    url: `postgres://postgres@${server.getServerConn()}/postgres`,
    stop: async () => {
      await server.stop();
      await database.close();
    },
  };
};

const weirFile = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));

const weir = (env: object, ...args: readonly string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [weirFile, ...args],
      { env: { ...process.env, ...env }, timeout: 20_000 },
      (error, text, errors) => resolve({ code: Number(error?.code ?? 0), text: text + errors }),
    );
  });

describe.skipIf(isAttached())('usage, as the admin API tells it', () => {
  const folder = mkdtemp(join(tmpdir(), 'weir-usage-'));
  const warehouse = startWarehouse();
  const mesh = useMesh(async () =>
    adminMesh({
      config,
      replicas: { exporter: 1 },
      env: { WEIR_ADMIN_DB: join(await folder, 'usage.db'), WAREHOUSE_URL: (await warehouse).url },
    }),
  );
  afterAll(async () => {
    await rm(await folder, { recursive: true, force: true });
    await (await warehouse).stop();
  });
  const ids: string[] = [];

  const send = async (model: Priced, stream: boolean): Promise<void> => {
    const content = `Say something [[tokens:${20 + ids.length}]]`;
    const body = JSON.stringify({ model, messages: [{ role: 'user', content }], stream });
    const answer = await call(mesh().baseUrl + chat, { headers: bearer(key), body });
    expect(answer.status).toBe(200);
    ids.push(answer.headers['x-request-id'] ?? '');
  };

  const usage = async (query = ''): Promise<readonly Line[]> =>
    parseBody(await admin(mesh().mesh, 'GET', `/usage?org=demo${query}`)).data;

  const untilCounted = (count: number): Promise<Line> =>
    waitFor(async () => (await usage()).find((line) => line.requests >= count), {
      what: `${count} requests`,
    });

  const counted = async (model: Priced) => {
    const calls = (await Promise.all(ids.map((id) => mesh().simulator.settledCallsOf(id)))).flat();
    const own = calls.filter((one) => one.model === model);
    return {
      requests: own.length,
      inputTokens: own.reduce((sum, one) => sum + one.promptTokens, 0),
      outputTokens: own.reduce((sum, one) => sum + one.completionTokens, 0),
    };
  };

  it('equals what the provider counted, for each model, and costs what the prices say', async () => {
    for (let index = 0; index < requests; index += 1)
      await send(index % 3 === 0 ? 'sim-gpt-mini' : 'sim-gpt', index % 2 === 0);
    await untilCounted(requests);
    const lines = await usage('&groupBy=model');
    expect(lines.map(({ model }) => model)).toEqual(['sim-gpt', 'sim-gpt-mini']);
    for (const line of lines) {
      const model = line.model as Priced;
      const own = await counted(model);
      expect(line).toMatchObject({ ...own, unpricedAttempts: 0 });
      const [input, output] = prices[model];
      // Per million tokens, in nano-units: a thousandth of a price for each token.
      const nano = (own.inputTokens * input + own.outputTokens * output) * 1_000;
      expect(line.chargeNano).toBe(String(nano));
    }
  });

  it('adds up to the same whatever it is grouped by', async () => {
    const [whole] = await usage();
    for (const groupBy of ['day', 'hour,model', 'month,key,route', 'provider,upstream,team']) {
      const lines = await usage(`&groupBy=${groupBy}&timeZone=Asia/Kathmandu`);
      expect(lines.reduce((sum, line) => sum + line.outputTokens, 0)).toBe(whole?.outputTokens);
      expect(lines.reduce((sum, line) => sum + BigInt(line.chargeNano), 0n)).toBe(
        BigInt(whole?.chargeNano ?? 0),
      );
    }
    const [today] = await usage('&groupBy=day');
    expect(await usage(`&to=${today?.day}`)).toEqual([]);
    expect(await usage(`&from=${today?.day}`)).toEqual([whole]);
  });

  it('comes as CSV for who asks for it', async () => {
    const answer = await admin(mesh().mesh, 'GET', '/usage?org=demo&groupBy=model', {
      headers: { accept: 'text/csv' },
    });
    expect(answer.headers['content-type']).toMatch(/^text\/csv/);
    const [names = '', ...rows] = answer.body.toString().trimEnd().split('\r\n');
    expect(names).toMatch(/^model,currency,attempts,requests,inputTokens/);
    const lines = await usage('&groupBy=model');
    expect(rows.map((row) => row.split(',')[0])).toEqual(lines.map(({ model }) => model));
    const again = await admin(mesh().mesh, 'GET', '/usage?org=demo&groupBy=model&format=csv');
    expect(again.body).toEqual(answer.body);
  });

  it('is what the ledger says, and so is what a sink holds; a row that was lost or changed is found', async () => {
    const { database, url } = await warehouse;
    const env = {
      NATS_URL: mesh().mesh.nats().url,
      WEIR_ADMIN_URL: mesh().mesh.adminUrl,
      WEIR_ADMIN_TOKEN: adminToken,
      WAREHOUSE_URL: url,
    };
    const verify = () => weir(env, 'ledger', 'verify', '--sink', 'admin', '--sink', 'warehouse');
    const held = async (): Promise<number> =>
      (await database.query('select 1 from weir.usage_record')).rows.length;
    await waitFor(async () => (await held().catch(() => 0)) === requests, { what: 'the rows' });
    const right = await verify();
    expect(right.text).toMatch(
      /^I6 {2}ok .*; admin at LEDGER \d+; warehouse at LEDGER \d+; warehouse by day at LEDGER \d+$/m,
    );
    expect(right.code).toBe(0);
    // It would deliver again what is missing behind its position.
    const [exporter] = mesh().mesh.services.exporter;
    exporter?.kill('SIGKILL');
    await exporter?.exited;

    await database.exec('update weir.usage_daily set charge_nano = charge_nano + 1');
    const changed = await verify();
    expect(changed.text).toMatch(
      /I6 sink warehouse by day .*: the sum of chargeNano; expected \d+, found \d+/,
    );
    expect(changed.text).toMatch(/^I6 {2}FAILED .* \(1\);/m);
    expect(changed.code).toBe(1);
    await database.exec('update weir.usage_daily set charge_nano = charge_nano - 1');

    const last = 'select max(sequence) from weir.usage_record';
    await database.exec(`update weir.sink_position set sequence = (${last}) - 1`);
    const behind = await verify();
    expect(behind.text).toMatch(/^I6 {2}ok .*; admin at LEDGER \d+; warehouse at LEDGER \d+$/m);
    expect(behind.code).toBe(0);
    await database.exec(`update weir.sink_position set sequence = (${last})`);

    await database.exec(
      'delete from weir.usage_record where sequence = (select max(sequence) from weir.usage_record)',
    );
    const lost = await verify();
    expect(lost.text).toContain(`the number of records; expected ${requests}, found ${requests - 1}`);
    expect(lost.code).toBe(1);

    await database.exec("insert into weir.sink_position values ('other', 'some time', 1)");
    const mixed = await verify();
    expect(mixed.text).toContain('has the records of other, warehouse, and');
    expect(mixed.code).toBe(3);
    await database.exec("delete from weir.sink_position where sink = 'warehouse'");
    const foreign = await verify();
    expect(foreign.text).toContain('has the records of other, and');
    expect(foreign.code).toBe(3);
  });

  it('tells the ledger records of one request', async () => {
    const [id = ''] = ids;
    const { data } = parseBody(await admin(mesh().mesh, 'GET', `/usage/requests/${id}`));
    expect(data).toMatchObject([{ event: { type: 'io.weir.usage.rated.v1', data: { requestId: id } } }]);
    expect((await admin(mesh().mesh, 'GET', '/usage/requests/none')).status).toBe(404);
  });

  it('refuses a question that it would misunderstand', async () => {
    for (const query of [
      'groupBy=colour',
      'from=yesterday',
      'timeZone=Mars',
      'models=x',
      'from=2026-11-01T00:01:00Z',
    ]) {
      const refused = await admin(mesh().mesh, 'GET', `/usage?${query}`);
      expect([query, refused.status, parseBody(refused).error.reason]).toEqual([query, 422, 'invalid_query']);
    }
  });

  it('is the same after a kill, and after its database was deleted', async () => {
    const before = await usage('&groupBy=model');
    for (const isDeleted of [false, true]) {
      const running = mesh().mesh.services.admin.at(-1);
      running?.kill('SIGKILL');
      await running?.exited;
      if (isDeleted)
        for (const suffix of ['', '-wal', '-shm'])
          await rm(`${join(await folder, 'usage.db')}${suffix}`, { force: true });
      await mesh().mesh.add('admin');
      await untilCounted(requests);
      expect(await usage('&groupBy=model')).toEqual(before);
    }
  });
});

describe.skipIf(isAttached())('budgets, as the admin API tells them', () => {
  const mesh = useMesh(adminMesh());

  it('are not known without policy', async () => {
    const budgets = [{ name: 'daily', unit: 'tokens', limit: '100000', period: 'daily' }];
    await admin(mesh().mesh, 'POST', '/orgs', { body: { org: 'thrifty', budgets } });
    await admin(mesh().mesh, 'POST', '/orgs/thrifty/keys', { body: { id: 'k1' } });
    const [policy] = mesh().mesh.services.policy;
    policy?.kill('SIGKILL');
    await policy?.exited;
    const refused = await waitFor(
      async () => {
        const answer = await admin(mesh().mesh, 'GET', '/budgets?org=thrifty');
        return answer.status === 503 && answer;
      },
      { what: 'a refusal' },
    );
    expect(parseBody(refused).error.reason).toBe('no_policy');
  });
});
