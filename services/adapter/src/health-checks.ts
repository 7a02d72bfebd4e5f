import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HealthCheckConfig, TargetConfig, TargetHealth } from '@weir/contracts';
import type { Logger } from '@weir/runtime';
import { request } from 'undici';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { type CheckResult, CheckState } from './core/check-state.ts';

/** Asks targets whether they are well, as their upstreams are configured. */
export interface HealthChecks {
  /** Begins, changes and ends checks. Call it with every configuration. */
  apply(upstreams: Iterable<LiveUpstream>): void;
  of(pool: string, target: string): Pick<TargetHealth, 'check' | 'checkFailure'>;
  close(): void;
}

/** A list of models has a few KB. */
const maxAnswerBytes = 1_048_576;
/** Replicas of the adapter ask at different times. */
const jitter = 0.2;

const passed: CheckResult = { outcome: 'passed' };
const failed = (why: string): CheckResult => ({ outcome: 'failed', why });

const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};

const checkTcp = ({ url }: TargetConfig, { timeoutMs }: HealthCheckConfig): Promise<CheckResult> =>
  new Promise((resolve) => {
    const { protocol, hostname, port } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const isTls = protocol === 'https:';
    const options = { host, port: Number(port === '' ? (isTls ? 443 : 80) : port) };
    const socket = isTls ? connectTls({ ...options, servername: host }) : connectTcp(options);
    const settle = (result: CheckResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => settle(failed(`no connection within ${timeoutMs} ms`)));
    socket.on(isTls ? 'secureConnect' : 'connect', () => settle(passed));
    socket.on('error', (error) => settle(failed(describeError(error))));
  });

const readBody = async (body: AsyncIterable<Buffer>): Promise<string> => {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > maxAnswerBytes) throw new Error(`an answer above ${maxAnswerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
};

const listedModels = (text: string): ReadonlySet<string> => {
  const value: unknown = JSON.parse(text);
  const data = typeof value === 'object' && value !== null && 'data' in value ? value.data : undefined;
  if (!Array.isArray(data)) throw new Error('no list of models');
  return new Set(data.map((model: unknown) => String((model as { id?: unknown } | null)?.id)));
};

const checkHttp = async (
  { provider, credential }: LiveUpstream,
  { url }: TargetConfig,
  check: HealthCheckConfig,
): Promise<CheckResult> => {
  const isInference = check.type === 'inference';
  const answer = await request(`${url}${check.path}`, {
    method: 'GET',
    headers: {
      ...provider.defaultHeaders,
      'user-agent': 'weir/0.1',
      // A page of health is nobody's business but the target's; models are an API like others.
      ...(isInference ? provider.credentialHeaders(credential) : {}),
    },
    signal: AbortSignal.timeout(check.timeoutMs),
  });
  const text = await readBody(answer.body);
  const expected = isInference ? [200] : check.expectedStatuses;
  if (!expected.includes(answer.statusCode)) {
    return failed(`status ${answer.statusCode}, expected ${expected.join(' or ')}`);
  }
  if (!isInference) return passed;
  const models = listedModels(text);
  const missing = check.expectedModels.filter((model) => !models.has(model));
  return missing.length === 0 ? passed : failed(`does not list ${missing.join(', ')}`);
};

const runCheck = async (
  upstream: LiveUpstream,
  target: TargetConfig,
  check: HealthCheckConfig,
): Promise<CheckResult> => {
  try {
    if (check.type === 'tcp') return await checkTcp(target, check);
    return await checkHttp(upstream, target, check);
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    return failed(isLate ? `no answer within ${check.timeoutMs} ms` : describeError(error));
  }
};

interface Watch {
  /** As the configuration in force has it: its credential may change. */
  upstream: LiveUpstream;
  readonly settings: string;
  readonly state: CheckState;
  isOver: boolean;
  stop(): void;
}

const settingsOf = ({ url }: TargetConfig, check: HealthCheckConfig): string => JSON.stringify([check, url]);

interface HealthCheckDeps {
  /** Which targets are ours: all of them, or that of the worker beside us. */
  readonly covers: (pool: string, target: string) => boolean;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly onFailure: (upstream: string) => void;
  readonly random: () => number;
}

const look = async (
  { logger, onFailure }: HealthCheckDeps,
  watch: Watch,
  target: TargetConfig,
  check: HealthCheckConfig,
): Promise<void> => {
  const { upstream, state } = watch;
  const result = await runCheck(upstream, target, check);
  if (watch.isOver) return;
  if (result.outcome === 'failed') onFailure(upstream.name);
  if (!state.note(result, check)) return;
  const about = { upstream: upstream.name, target: target.name, ...state.verdict };
  if (result.outcome === 'passed') logger.info(about, 'the target is healthy');
  else logger.warn(about, 'the target is unhealthy');
};

const startWatch = (
  deps: HealthCheckDeps,
  upstream: LiveUpstream,
  target: TargetConfig,
  check: HealthCheckConfig,
): Watch => {
  let timer: NodeJS.Timeout | undefined;
  const watch: Watch = {
    upstream,
    settings: settingsOf(target, check),
    state: new CheckState(),
    isOver: false,
    stop: () => {
      watch.isOver = true;
      clearTimeout(timer);
    },
  };
  const again = (pauseMs: number): void => {
    if (!watch.isOver) timer = setTimeout(lookOnce, pauseMs);
  };
  const lookOnce = (): void => {
    const pauseMs = check.intervalMs * (1 - jitter + 2 * jitter * deps.random());
    look(deps, watch, target, check)
      .catch((error: unknown) => deps.logger.warn({ err: error, upstream: upstream.name }, 'a check crashed'))
      .finally(() => again(pauseMs));
  };
  again(0);
  return watch;
};

export const createHealthChecks = (deps: HealthCheckDeps): HealthChecks => {
  let watches = new Map<string, Watch>();
  return {
    apply: (upstreams) => {
      const next = new Map<string, Watch>();
      for (const upstream of upstreams) {
        const check = upstream.config.healthCheck;
        if (!check) continue;
        for (const target of upstream.config.targets) {
          if (!deps.covers(upstream.name, target.name)) continue;
          const key = `${upstream.name}/${target.name}`;
          const before = watches.get(key);
          const kept = before?.settings === settingsOf(target, check) ? before : undefined;
          if (kept) kept.upstream = upstream;
          next.set(key, kept ?? startWatch(deps, upstream, target, check));
        }
      }
      for (const [key, watch] of watches) if (next.get(key) !== watch) watch.stop();
      watches = next;
    },
    of: (pool, target) => watches.get(`${pool}/${target}`)?.state.verdict ?? {},
    close: () => {
      for (const watch of watches.values()) watch.stop();
      watches = new Map();
    },
  };
};
