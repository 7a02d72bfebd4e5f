import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLeash } from '../../../infra/run/leash.ts';
import { stopProcess } from '../process/bench-child.ts';
import { listenOnLoopback } from '../process/child-side.ts';
import { type Competitor, chatPath, environmentOf } from './competitor.ts';

const packageFolder = fileURLToPath(new URL('../portkey/', import.meta.url));
const gatewayFolder = `${packageFolder}node_modules/@portkey-ai/gateway/`;
const serverFile = `${gatewayFolder}build/start-server.js`;
/** Of the version that Portkey's own image has: its Dockerfile says `node:20-alpine`. */
const node20 = `${packageFolder}node_modules/node-linux-${process.arch}/bin/node`;
const installTimeoutMs = 120_000;
const readyTimeoutMs = 15_000;
const readyPollMs = 100;

/** Installs what the lock file names, once. Under `npm run`, with the very npm that runs. */
const installWhenMissing = async (node: string): Promise<void> => {
  if (existsSync(serverFile) && existsSync(node)) return;
  const npm = process.env['npm_execpath'];
  const [command, prefix] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const install = spawn(command, [...prefix, 'ci', '--prefix', packageFolder], {
    cwd: packageFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: installTimeoutMs,
  });
  const [code] = await once(install, 'exit');
  if (code !== 0) throw new Error(`npm ci in test/bench/portkey ended with code ${String(code)}`);
};

const findFreePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listenOnLoopback(server);
  server.close();
  await once(server, 'close');
  return port;
};

const untilAnswers = async (url: string): Promise<void> => {
  const giveUpAt = performance.now() + readyTimeoutMs;
  while (performance.now() < giveUpAt) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    await delay(readyPollMs);
  }
  throw new Error(`no answer from ${url} within ${readyTimeoutMs} ms`);
};

const readVersion = (): string => {
  const manifest = JSON.parse(readFileSync(`${gatewayFolder}package.json`, 'utf8')) as { version: string };
  return manifest.version;
};

/** Portkey's open source gateway as its package starts it: one Node process, without its log console. */
const createPortkey = (input: { name: string; node: string; runsOn: string }): Competitor => ({
  name: input.name,
  onlyOnRequest: input.node === node20 && process.platform !== 'linux',
  start: async (settings) => {
    await installWhenMissing(input.node);
    const port = await findFreePort();
    const child = spawn(input.node, [serverFile, `--port=${port}`, '--headless'], {
      env: { ...environmentOf(input.name, serverFile, settings), TRUSTED_CUSTOM_HOSTS: '127.0.0.1' },
      stdio: 'ignore',
    });
    const pid = child.pid ?? 0;
    const leash = createLeash();
    leash.hold(pid);
    await untilAnswers(`http://127.0.0.1:${port}/`);
    return {
      target: {
        port,
        path: chatPath,
        headers: {
          authorization: 'Bearer bench',
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `http://127.0.0.1:${settings.upstreamPort}/v1`,
        },
      },
      processes: [{ role: input.name, pid }],
      notes: [
        `${input.name}: @portkey-ai/gateway ${readVersion()}, headless, NODE_ENV=production, on ${input.runsOn}.`,
      ],
      stop: async () => {
        await stopProcess(child);
        leash.close();
      },
    };
  },
});

export const portkey: Competitor = createPortkey({
  name: 'portkey',
  node: process.execPath,
  runsOn: 'the Node of all others',
});

export const portkeyOnNode20: Competitor = createPortkey({
  name: 'portkey-node20',
  node: node20,
  runsOn: 'Node 20, as its own image has it',
});
