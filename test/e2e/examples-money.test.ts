import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isAttached, waitFor } from '@weir/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { adminMesh, adminToken } from './support/admin-api.ts';
import { readExample } from './support/example.ts';
import { bearer, call, parseBody, type RawAnswer } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';

const example = await readExample('money');
const pathOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** The receiver of the example, on a port of its own. */
const startReceiver = async () => {
  const child = spawn(process.execPath, [pathOf('examples/money/receive-alerts.ts')], {
    env: { ...process.env, ALERT_SECRET: secret, ALERT_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const port = await waitFor(() => /^listening on (\d+)$/m.exec(output)?.[1], { what: 'the receiver' });
  return { url: `http://127.0.0.1:${port}/weir`, output: () => output, stop: () => child.kill('SIGKILL') };
};

describe.skipIf(isAttached())('the example of money', () => {
  let receiver: Awaited<ReturnType<typeof startReceiver>> | undefined;
  afterAll(() => receiver?.stop());
  const mesh = useMesh(async () => {
    receiver = await startReceiver();
    return adminMesh({
      config: example.configFile,
      replicas: { exporter: 1 },
      env: {
        ALERT_SECRET: secret,
        ALERT_URL: receiver.url,
        WEIR_POLICY_STORE_TIMEOUT_MS: '2000',
      },
    });
  });

  const ask = (key: string, tokens: number, body: object = {}): Promise<RawAnswer> =>
    call(`${mesh().baseUrl}/v1/chat/completions`, {
      headers: bearer(key),
      body: JSON.stringify({
        model: 'sim-gpt',
        messages: [{ role: 'user', content: `Tell me everything [[tokens:${tokens}]]` }],
        ...body,
      }),
    });

  const weir = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [pathOf('services/cli/src/main.ts'), ...args],
      {
        env: {
          ...process.env,
          WEIR_ADMIN_URL: mesh().mesh.services.admin[0]?.url ?? '',
          WEIR_ADMIN_TOKEN: adminToken,
        },
        timeout: 20_000,
      },
    );
    return stdout;
  };

  /** Rows by the names of their columns. */
  const tableOf = (text: string): readonly Record<string, string>[] => {
    const [head = '', ...rows] = text.trimEnd().split('\n');
    const names = head.trim().split(/\s+/);
    return rows.map((row) =>
      Object.fromEntries(
        row
          .trim()
          .split(/\s+/)
          .map((value, index) => [names[index] ?? '', value]),
      ),
    );
  };

  it('a key that the command line made works, and its use and cost are told by the ledger', async () => {
    const created = await weir('keys', 'create', '--org', 'acme', '--team', 'batch', '--id', 'nightly');
    const key = created.trimEnd().split('\n').at(-1) ?? '';
    expect(key).toMatch(/^weir-/);
    const answer = await waitFor(
      async () => {
        const tried = await ask(key, 30);
        return tried.status === 200 ? tried : undefined;
      },
      { what: 'the new key' },
    );
    // 8 tokens in at 500, 30 out at 2000 per million.
    const cost = parseBody(answer).usage.prompt_tokens * 0.0005 + 30 * 0.002;
    expect(Number(answer.headers['x-inference-cost'])).toBeCloseTo(cost, 9);
    const [line] = await waitFor(
      async () => {
        const rows = tableOf(await weir('usage', '--org', 'acme', '--key', 'nightly', '--group-by', 'model'));
        return rows.length > 0 ? rows : undefined;
      },
      { what: 'the usage', intervalMs: 500 },
    );
    expect(line).toMatchObject({ model: 'sim-gpt', currency: 'EUR', requests: '1', outputTokens: '30' });
    expect(Number(line?.['charge'])).toBeCloseTo(cost, 9);
    const budgets = tableOf(await weir('budgets', '--org', 'acme'));
    expect(budgets).toContainEqual(
      expect.objectContaining({ scope: 'team:acme/batch', budget: 'weekly', limit: '20', unit: 'money' }),
    );
  });

  it('months and hours are those of Berlin', async () => {
    const { data } = JSON.parse(await weir('budgets', '--org', 'acme', '--json'));
    const monthly = data.find(({ budget }: { readonly budget: string }) => budget === 'monthly');
    const inBerlin = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Europe/Berlin',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    }).format(new Date(monthly.resetsAt));
    expect(inBerlin).toMatch(/^1,? (at )?00:00$/);
  });

  it('what does not fit is cut short, then refused, and a signed alert tells of it', async () => {
    const cut = await ask('search-key', 500);
    expect(cut.status).toBe(200);
    const cap = Number(cut.headers['x-budget-clamped']);
    // 10 cents at 2000 per million are 50 tokens, less the prompt.
    expect(cap).toBeGreaterThan(40);
    expect(cap).toBeLessThan(50);
    expect(parseBody(cut).usage.completion_tokens).toBe(cap);
    const refused = await ask('search-key', 500);
    expect(refused.status).toBe(429);
    expect(parseBody(refused).error.message).toMatch(/^Cost budget exhausted/);
    const alert = /^team:acme\/search hourly: 50 % reached, \d+ of 100000000$/m;
    await waitFor(() => alert.test(receiver?.output() ?? ''), { what: 'the alert' });
  });

  it('an organisation has prices of its own, models of its own, and a budget of tokens', async () => {
    const answer = await ask('globex-key', 30);
    const { prompt_tokens: input } = parseBody(answer).usage;
    expect(Number(answer.headers['x-inference-cost'])).toBeCloseTo(input * 0.0004 + 30 * 0.0016, 9);
    expect((await ask('globex-key', 30, { model: 'sim-gpt-mini' })).status).toBe(403);
    expect((await ask('globex-key', 30, { max_tokens: 105_000 })).status).toBe(200);
    expect((await ask('globex-key', 30, { max_tokens: 115_000 })).status).toBe(429);
  });
});
