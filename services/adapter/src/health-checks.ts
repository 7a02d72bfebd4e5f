import type { HealthCheckConfig, TargetConfig, TargetHealth } from '@weir/contracts';
import type { Logger } from '@weir/runtime';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { CheckState } from './core/check-state.ts';
import { checkTarget } from './upstream/check-target.ts';
import type { QuestionClient } from './upstream/question-client.ts';

/** Asks targets whether they are well, as their upstreams are configured. */
export interface HealthChecks {
  /** Begins, changes and ends checks. Call it with every configuration. */
  apply(upstreams: Iterable<LiveUpstream>): void;
  of(pool: string, target: string): Pick<TargetHealth, 'check' | 'checkFailure'>;
  close(): void;
}

/** Replicas of the adapter ask at different times. */
const jitter = 0.2;

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
  readonly client: Pick<QuestionClient, 'ask'>;
  /** Which targets are ours: all of them, or that of the worker beside us. */
  readonly covers: (pool: string, target: string) => boolean;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly onFailure: (upstream: string) => void;
  readonly random: () => number;
}

const look = async (
  { client, logger, onFailure }: HealthCheckDeps,
  watch: Watch,
  target: TargetConfig,
  check: HealthCheckConfig,
): Promise<void> => {
  const { upstream, state } = watch;
  const result = await checkTarget(client, upstream, target, check);
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
