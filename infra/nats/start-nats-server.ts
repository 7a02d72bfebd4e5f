import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeExit, type OwnedProcess, startProcess } from '../run/child-process.ts';
import type { Leash } from '../run/leash.ts';
import { StartFailure } from '../run/run-task.ts';

export interface NatsServer extends OwnedProcess {
  readonly url: string;
  readonly port: number;
  /** HTTP monitoring, such as `${monitorUrl}/healthz`. */
  readonly monitorUrl: string;
}

interface Addresses {
  readonly url: string;
  readonly monitorUrl: string;
}

const meshConfigFile = fileURLToPath(new URL('nats.conf', import.meta.url));
const startTimeoutMs = 20_000;
const pollMs = 20;

/** The server writes its addresses to this file once it listens: the way to let it choose the port itself. */
const readAddresses = async (portsFile: string): Promise<Addresses | undefined> => {
  const text = await readFile(portsFile, 'utf8').catch(() => '');
  try {
    const ports = JSON.parse(text) as { nats?: string[]; monitoring?: string[] };
    const url = ports.nats?.[0];
    const monitorUrl = ports.monitoring?.[0];
    return url === undefined || monitorUrl === undefined ? undefined : { url, monitorUrl };
  } catch {
    return undefined;
  }
};

const awaitAddresses = async (
  owned: OwnedProcess,
  portsFile: string,
  output: () => string,
): Promise<Addresses> => {
  const deadline = Date.now() + startTimeoutMs;
  let ended: string | undefined;
  void owned.exited.then((exit) => {
    ended = describeExit(exit);
  });
  while (Date.now() < deadline && ended === undefined) {
    const addresses = await readAddresses(portsFile);
    if (addresses !== undefined) return addresses;
    await delay(pollMs);
  }
  owned.kill('SIGKILL');
  const fatal = /\[(?:FTL|ERR)\] (.*)/.exec(output())?.[1] ?? output().trim().split('\n').at(-1) ?? '';
  throw new StartFailure(
    `nats-server did not start (${ended ?? `not ready within ${startTimeoutMs / 1_000} s`}): ${fatal}`,
  );
};

/** Starts nats-server with infra/nats/nats.conf on loopback and waits until it listens. */
export const startNatsServer = async (input: {
  readonly binary: string;
  readonly storeFolder: string;
  /** Absent: any free one. */
  readonly port?: number;
  /** "always", or an interval such as "10s". */
  readonly syncInterval?: string;
  /** Instead of infra/nats/nats.conf. */
  readonly configFile?: string;
  /** For references in the configuration, beside those of nats.conf. */
  readonly env?: NodeJS.ProcessEnv;
  readonly leash: Leash;
  readonly onOutput?: (chunk: Buffer) => void;
}): Promise<NatsServer> => {
  await mkdir(input.storeFolder, { recursive: true });
  const portsFolder = await mkdtemp(join(tmpdir(), 'weir-nats-'));
  const owned = startProcess({
    command: input.binary,
    args: [
      ...[
        '--config',
        input.configFile ?? meshConfigFile,
        '--addr',
        '127.0.0.1',
        '--port',
        String(input.port ?? -1),
      ],
      ...['--http_port', '-1', '--ports_file_dir', portsFolder],
    ],
    // nats.conf takes the value as its own syntax: without quotes a space in the path would end it.
    env: {
      ...input.env,
      WEIR_NATS_STORE: JSON.stringify(input.storeFolder),
      WEIR_NATS_SYNC: input.syncInterval ?? '10s',
    },
    leash: input.leash,
    ipc: false,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-8_000);
    input.onOutput?.(chunk);
  };
  owned.child.stdout?.on('data', keep);
  owned.child.stderr?.on('data', keep);
  try {
    const portsFile = join(portsFolder, `nats-server_${owned.pid}.ports`);
    const addresses = await awaitAddresses(owned, portsFile, () => output);
    return { ...owned, ...addresses, port: Number(new URL(addresses.url).port) };
  } finally {
    await rm(portsFolder, { recursive: true, force: true });
  }
};
