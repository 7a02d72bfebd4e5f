import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runCommand } from '../run/run-command.ts';
import { StartFailure } from '../run/run-task.ts';
import { downloadRelease } from './download-release.ts';
import { unpackDebianPackage } from './unpack-debian-package.ts';

export interface NatsServerBinary {
  readonly path: string;
  readonly version: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const minimumVersion = [2, 12] as const;

/** Where Weir keeps programs that it fetched. Deleting it costs one more download. */
export const cacheFolder = (env: Environment): string =>
  env['WEIR_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir');

/** "nats-server: v2.15.1" → "2.15.1"; undefined when it is older than Weir needs, or not a nats-server. */
export const readUsableVersion = (output: string): string | undefined => {
  const found = /v?(\d+)\.(\d+)\.(\d+\S*)/.exec(output);
  if (found === null) return undefined;
  const major = Number(found[1]);
  const minor = Number(found[2]);
  const [minimumMajor, minimumMinor] = minimumVersion;
  const usable = major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
  return usable ? `${major}.${minor}.${found[3]}` : undefined;
};

const inspect = async (path: string): Promise<NatsServerBinary | undefined> => {
  if (
    await access(path, constants.X_OK).then(
      () => false,
      () => true,
    )
  )
    return undefined;
  const result = await runCommand(path, ['--version'], { timeoutMs: 10_000 });
  const version = result.outcome === 'done' ? readUsableVersion(result.stdout) : undefined;
  return version === undefined ? undefined : { path, version };
};

const firstUsable = async (paths: readonly string[]): Promise<NatsServerBinary | undefined> => {
  for (const path of paths) {
    const found = await inspect(path);
    if (found !== undefined) return found;
  }
  return undefined;
};

/**
 * A nats-server that is new enough: the one that WEIR_NATS_SERVER names, on PATH, in the cache, the official
 * release, or the distribution's package, unpacked into the cache. Nothing is installed system-wide.
 */
export const findNatsServer = async (env: Environment = process.env): Promise<NatsServerBinary> => {
  const named = env['WEIR_NATS_SERVER'];
  if (named !== undefined) {
    const found = await inspect(named);
    if (found !== undefined) return found;
    throw new StartFailure(
      `WEIR_NATS_SERVER=${named} is not a nats-server ≥ ${minimumVersion.join('.')}; unset it or name another`,
    );
  }
  const cached = join(cacheFolder(env), 'nats-server');
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const present = await firstUsable([...onPath.map((folder) => join(folder, 'nats-server')), cached]);
  if (present !== undefined) return present;

  const reasons: string[] = [];
  for (const fetchBinary of [downloadRelease, unpackDebianPackage]) {
    const fetched = await fetchBinary(cached);
    const found = fetched.outcome === 'fetched' ? await inspect(cached) : undefined;
    if (found !== undefined) return found;
    reasons.push(
      fetched.outcome === 'fetched' ? `${fetched.source} is too old or does not run here` : fetched.reason,
    );
  }
  throw new StartFailure(
    `no nats-server ≥ ${minimumVersion.join('.')} (${reasons.join('; ')}); install it (https://nats.io/download) or set WEIR_NATS_SERVER=/path/to/nats-server`,
  );
};
