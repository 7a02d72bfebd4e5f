import { access, constants } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder } from '../nats/find-nats-server.ts';
import { runCommand } from '../run/run-command.ts';
import { StartFailure } from '../run/run-task.ts';
import { unpackRedis } from './unpack-redis.ts';

export interface RedisServerBinary {
  readonly path: string;
  readonly version: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const minimumVersion = [7, 2] as const;
/** Valkey is the continuation of Redis 7.2 under its old licence, and the one that Debian carries on with. */
const programNames = ['redis-server', 'valkey-server'] as const;

/** "Redis server v=7.2.4 sha=…" → "7.2.4"; undefined when it is older than Weir needs, or neither Redis nor Valkey. */
export const readUsableVersion = (output: string): string | undefined => {
  const found = /^(?:Redis|Valkey) server v=(\d+)\.(\d+)\.(\d+\S*)/.exec(output);
  if (found === null) return undefined;
  const major = Number(found[1]);
  const minor = Number(found[2]);
  const [minimumMajor, minimumMinor] = minimumVersion;
  const usable = major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
  return usable ? `${major}.${minor}.${found[3]}` : undefined;
};

const inspect = async (path: string): Promise<RedisServerBinary | undefined> => {
  const executable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!executable) return undefined;
  const result = await runCommand(path, ['--version'], { timeoutMs: 10_000 });
  const version = result.outcome === 'done' ? readUsableVersion(result.stdout) : undefined;
  return version === undefined ? undefined : { path, version };
};

const findPresent = async (env: Environment, cached: string): Promise<RedisServerBinary | undefined> => {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of folders) {
    for (const name of programNames) {
      const found = await inspect(join(folder, name));
      if (found !== undefined) return found;
    }
  }
  return inspect(cached);
};

/**
 * A Redis or Valkey that is new enough: the one that WEIR_REDIS_SERVER names, on PATH, in the cache, or the
 * distribution's package, unpacked into the cache. Nothing is installed system-wide.
 */
export const findRedisServer = async (env: Environment = process.env): Promise<RedisServerBinary> => {
  const named = env['WEIR_REDIS_SERVER'];
  const wanted = `Redis ≥ ${minimumVersion.join('.')} or Valkey`;
  if (named !== undefined) {
    const found = await inspect(named);
    if (found !== undefined) return found;
    throw new StartFailure(`WEIR_REDIS_SERVER=${named} is no ${wanted}; unset it or name another`);
  }
  const cached = join(cacheFolder(env), 'redis', 'redis-server');
  const present = await findPresent(env, cached);
  if (present !== undefined) return present;
  const isUsable = async (path: string): Promise<boolean> => (await inspect(path)) !== undefined;
  const unpacked = await unpackRedis(dirname(cached), isUsable);
  const found = unpacked.outcome === 'fetched' ? await inspect(cached) : undefined;
  if (found !== undefined) return found;
  const reason = unpacked.outcome === 'fetched' ? `${unpacked.source} does not run here` : unpacked.reason;
  throw new StartFailure(
    `no ${wanted} (${reason}); install it or set WEIR_REDIS_SERVER=/path/to/redis-server`,
  );
};
