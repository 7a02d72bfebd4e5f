import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAttached } from '@weir/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/run/free-port.ts';
import { checkout, layouts, serviceNames, servicesOf } from '../../infra/run/service-process.ts';
import { bearer, call, parseBody } from './support/http-call.ts';

/** `npm start` as somebody types it: it and all that it starts can be told by the state folder. */
interface Started {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 12_000;
const hasProc = existsSync('/proc/self/environ');

let state: string;
let started: Started[];

const environment = async (own: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(OPENAI|ANTHROPIC)_API_KEY$|^WEIR_(?!NATS_SERVER$|CACHE$)|^(NATS|REDIS)_/.test(name),
  );
  const ports = { WEIR_PORT: String(await freePort()), WEIR_ADMIN_PORT: String(await freePort()) };
  return { ...Object.fromEntries(inherited), ...ports, WEIR_STATE: state, ...own };
};

const npmStart = async (own: NodeJS.ProcessEnv = {}): Promise<Started> => {
  // A process group of its own, as a shell gives to what is typed: Ctrl-C goes to all of it.
  const child = spawn('npm', ['start'], {
    cwd: checkout,
    env: await environment(own),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const one = { child, stdout: () => stdout, stderr: () => stderr, exited };
  started.push(one);
  return one;
};

const signalGroup = ({ child }: Started, signal: NodeJS.Signals): void => {
  process.kill(-(child.pid ?? 0), signal);
};

/** Command lines of all processes that have the state folder in their environment. */
const commandsLeft = async (): Promise<readonly string[]> => {
  if (!hasProc) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      // nats-server gets an environment of its own, which says where its store is.
      return variables.includes(state) ? command.replaceAll('\0', ' ') : '';
    }),
  );
  return found.filter((command) => command !== '');
};

beforeEach(async () => {
  started = [];
  state = await mkdtemp(join(tmpdir(), 'weir-start-'));
});

afterEach(async () => {
  for (const one of started) {
    if (one.child.exitCode === null && one.child.signalCode === null) signalGroup(one, 'SIGKILL');
    await one.exited;
  }
  await rm(state, { recursive: true, force: true });
});

describe.skipIf(isAttached())('npm start', () => {
  it.each(layouts)(
    '%s: says where it is, answers there with the key that it prints, and ends without a trace',
    async (layout) => {
      const weir = await npmStart({ WEIR_LAYOUT: layout });
      await vi.waitUntil(() => weir.stdout().includes('Ctrl-C ends everything.'), {
        timeout: startTimeoutMs,
      });
      const [, url = ''] = /^ {2}base URL {3}(\S+)$/m.exec(weir.stdout()) ?? [];
      const [, key = ''] = /^ {2}key {8}(\S+)$/m.exec(weir.stdout()) ?? [];
      const [, body = ''] = /^ {4}-d '(.+)'$/m.exec(weir.stdout()) ?? [];
      const answer = await call(`${url}/v1/chat/completions`, { headers: bearer(key), body });
      expect(answer.status).toBe(200);
      expect(parseBody(answer).choices[0].message.content).toEqual(expect.any(String));
      const running = (await commandsLeft()).join('\n');
      if (hasProc) {
        const found = serviceNames.filter((name) => running.includes(`services/${name}/src/main.ts`));
        expect(found).toEqual(servicesOf(layout));
        expect(running).toContain('nats-server');
      }

      signalGroup(weir, 'SIGINT');
      await vi.waitUntil(() => weir.child.exitCode !== null || weir.child.signalCode !== null, {
        timeout: stopTimeoutMs,
      });
      // npm itself ends at the signal, and does not wait for what it started.
      await vi.waitUntil(async () => (await commandsLeft()).length === 0, { timeout: stopTimeoutMs });
      await weir.exited;
      expect(weir.stderr()).toContain('weir: stopping');
      await expect(call(`${url}/health/live`, { method: 'GET' })).rejects.toThrow('ECONNREFUSED');
    },
  );

  const failures: readonly {
    readonly what: string;
    readonly own: (takenPort: number) => NodeJS.ProcessEnv;
    readonly says: (takenPort: number) => string;
  }[] = [
    {
      what: 'a port that is in use',
      own: (port) => ({ WEIR_PORT: String(port) }),
      says: (port) => `weir: port ${port} is in use; free it, or choose another with WEIR_PORT=${port + 1}\n`,
    },
    {
      what: 'a NATS port that is in use',
      own: (port) => ({ WEIR_NATS_PORT: String(port) }),
      says: (port) =>
        `weir: port ${port} is in use; free it, or choose another with WEIR_NATS_PORT=${port + 1}\n`,
    },
    {
      what: 'a layout that is none',
      own: () => ({ WEIR_LAYOUT: 'both' }),
      says: () => 'weir: WEIR_LAYOUT=both is no layout; use mesh or all-in-one\n',
    },
    {
      what: 'a nats-server that is not there',
      own: () => ({ WEIR_NATS_SERVER: join(state, 'nats-server') }),
      says: () => `weir: WEIR_NATS_SERVER=${join(state, 'nats-server')} is not a nats-server`,
    },
    {
      what: 'a configuration with a mistake',
      own: () => ({ WEIR_CONFIG: join(state, 'mistaken.yaml') }),
      says: () => 'weir: the configuration is wrong:\n',
    },
  ];

  it.each(failures)('says in a line what to mend, and starts nothing: $what', async ({ own, says }) => {
    await writeFile(join(state, 'mistaken.yaml'), 'version: 1\nupstreamz: {}\n');
    const taken = createServer();
    const port = await freePort();
    taken.listen(port, '127.0.0.1');
    await once(taken, 'listening');
    const weir = await npmStart(own(port));
    const code = await weir.exited;
    taken.close();
    expect(weir.stderr()).toContain(says(port));
    if (own(port)['WEIR_CONFIG']) expect(weir.stderr()).toMatch(/mistaken\.yaml.*upstreamz/);
    expect(weir.stderr()).not.toMatch(/^ +at /m);
    expect([code, weir.stdout().includes('Weir is ready.')]).toEqual([1, false]);
    expect(await commandsLeft()).toEqual([]);
  });
});
