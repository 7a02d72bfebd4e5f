import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';

const pathOf = (name: string) => fileURLToPath(new URL(`./testdata/${name}.ts`, import.meta.url));
/** Nothing else of the test's own environment. */
const inherited = {
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
};
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const start = (mode: string, env: Record<string, string> = {}) => {
  const child = fork(pathOf('sample-service'), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...inherited, WEIR_HEALTH_PORT: '0', SAMPLE_MODE: mode, ...env },
  });
  children.push(child);
  const text = { out: '', err: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    text.out += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    text.err += chunk.toString();
  });
  const messages: Record<string, unknown>[] = [];
  child.on('message', (message) => messages.push(message as Record<string, unknown>));
  const closed = (stream: Readable | null) =>
    new Promise((resolve) => {
      stream?.once('close', resolve);
    });
  // The child's own `close` event does not come after a disconnect.
  const ended = Promise.all([
    new Promise<Ending>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    }),
    closed(child.stdout),
    closed(child.stderr),
  ]).then(([ending]) => ending);
  const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 15_000, interval: 10 });
  return { child, text, messages, ended, until, ready: () => until(() => messages.length > 0) };
};

const isListening = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health/live`).then(
    (response) => response.ok,
    () => false,
  );

describe('a service in its own process', { timeout: 30_000 }, () => {
  it('tells its parent when it is ready, and where its health is served', async () => {
    const { messages, ready } = start('ready-later');
    await ready();
    expect(messages).toEqual([
      {
        type: 'ready',
        name: 'sample',
        instance: expect.stringMatching(/^sample-[a-z0-9]{8}$/),
        healthPort: expect.any(Number),
      },
    ]);
    const response = await fetch(`http://127.0.0.1:${messages[0]?.['healthPort']}/health/ready`);
    expect(response.status).toBe(200);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('shuts down gracefully on %s and ends with 0', async (signal) => {
    const { child, text, ended, ready } = start('plain');
    await ready();
    child.kill(signal);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(text.out).toContain('disconnected');
    expect(text.err).toBe('');
  });

  it('writes its log to the end, without secrets', async () => {
    const { child, text, ended, ready } = start('plain');
    await ready();
    child.kill('SIGTERM');
    await ended;
    expect(text.out).toContain('"msg":"built"');
    expect(text.out).toContain('"msg":"shutting down"');
    expect(text.out).toContain('"service":"sample"');
    expect(text.out).not.toContain('topsecret');
  });

  it('logs nothing when it is told to be silent', async () => {
    const { child, text, ended, ready } = start('plain', { WEIR_LOG_LEVEL: 'silent' });
    await ready();
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(text.out).toBe('disconnected\n');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('exits at once on a second %s, with %i', async (signal, code) => {
    const { child, ended, ready, until, text } = start('slow-to-stop');
    await ready();
    child.kill(signal);
    await until(() => text.out.includes('shutting down'));
    const again = setInterval(() => child.kill(signal), 50);
    expect(await ended).toEqual({ code, signal: null });
    clearInterval(again);
  });

  it('is no longer ready while it shuts down, but lives', async () => {
    const { child, messages, ready, until, text } = start('slow-to-stop');
    await ready();
    child.kill('SIGTERM');
    await until(() => text.out.includes('shutting down'));
    const address = `http://127.0.0.1:${messages[0]?.['healthPort']}/health`;
    expect((await fetch(`${address}/ready`)).status).toBe(503);
    expect((await fetch(`${address}/live`)).status).toBe(200);
  });

  it('ends with 1 when its shut-down takes too long', async () => {
    const { child, ended, ready, text } = start('slow-to-stop', { WEIR_SHUTDOWN_TIMEOUT_MS: '200' });
    await ready();
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(text.out).toContain('did not shut down in time');
  });

  it.each(['throws', 'rejects'])('shuts down and ends with 1 when something %s', async (mode) => {
    const { ended, text } = start(mode);
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(text.out).toContain('a bug');
    expect(text.out).toContain('disconnected');
  });

  it('shuts down and ends with 1 when it gives up', async () => {
    const { ended, text } = start('gives-up');
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(text.out).toContain('disconnected');
  });

  it('says in one line why it cannot start, tells its parent, closes what was open and ends with 1', async () => {
    const { ended, text, messages } = start('fails-to-start');
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(text.err).toBe('weir sample: cannot start. no bus at 127.0.0.1:1\n');
    expect(text.out).toContain('disconnected');
    expect(messages).toEqual([{ type: 'failed', message: 'no bus at 127.0.0.1:1' }]);
  });

  it('lists the wrong settings of the service, without a stack, and ends with 78', async () => {
    const { ended, text } = start('wrong-settings');
    expect(await ended).toEqual({ code: 78, signal: null });
    expect(text.err.trimEnd().split('\n')).toEqual([
      'weir sample: cannot start. 2 settings are wrong:',
      '  SAMPLE_NAME: found nothing, expected a value',
      '  SAMPLE_MODE: found "wrong-settings", expected an integer of at least 0',
    ]);
  });

  it('lists its own wrong settings and ends with 78', async () => {
    const { ended, text, messages } = start('plain', { WEIR_HEALTH_PORT: 'x', WEIR_LOG_LEVEL: 'loud' });
    expect(await ended).toEqual({ code: 78, signal: null });
    expect(text.err).toContain('  WEIR_HEALTH_PORT: found "x"');
    expect(text.err).toContain('  WEIR_LOG_LEVEL: found "loud"');
    expect(messages).toMatchObject([{ type: 'failed' }]);
  });

  it('says which setting to change when the health port is taken', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => {
      occupant.listen(0, '127.0.0.1', () => resolve());
    });
    const { port } = occupant.address() as AddressInfo;
    const { ended, text } = start('plain', { WEIR_HEALTH_PORT: String(port) });
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(text.err).toContain(`port ${port} on 127.0.0.1 is in use; set WEIR_HEALTH_PORT`);
    occupant.close();
  });

  it('goes on while its checks stay red, and does not call itself ready', async () => {
    const { child, ended, until, text, messages } = start('never-ready');
    await until(() => text.out.includes('"msg":"built"'));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(messages).toEqual([]);
  });

  it('shuts down when the channel to its parent closes', async () => {
    const { child, ended, ready, text } = start('plain');
    await ready();
    child.disconnect();
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(text.out).toContain('the parent process is gone');
  });

  it('does not outlive a parent that was killed', async () => {
    const parent = spawn(process.execPath, [pathOf('sample-parent')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...inherited, WEIR_HEALTH_PORT: '0' },
    });
    children.push(parent);
    const port = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString()).healthPort));
    });
    expect(await isListening(port)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitUntil(async () => !(await isListening(port)), { timeout: 15_000, interval: 10 });
  });
});
