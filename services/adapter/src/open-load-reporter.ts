import type { TargetLoad } from '@weir/contracts';
import type { ServiceContext } from '@weir/runtime';
import { createLoadReporter, type LoadReporter } from './load-reporter.ts';
import type { Parts } from './parts.ts';
import { startEngineWatch } from './start-engine-watch.ts';

/** What is known of the health of a target, where its upstream asks for that. */
const healthOf = (
  { upstreams, targetOutcomes, checks }: Parts,
  pool: string,
  target: string,
): Partial<TargetLoad> => {
  const config = upstreams.get(pool)?.config;
  if (!config?.healthCheck && !config?.circuitBreaker && !config?.outlierDetection) return {};
  return { health: { ...targetOutcomes.of(pool, target), ...checks.of(pool, target) } };
};

/** Tells the schedulers all that is known of the load, the pace, the health and the engines of targets. */
export const openLoadReporter = (context: ServiceContext, parts: Parts): LoadReporter => {
  const { bus, load, paces, upstreams, settings } = parts;
  const { instance, now } = context;
  const engines = startEngineWatch(context, upstreams, settings);
  const details = (pool: string, target: string): Partial<TargetLoad> => {
    const engine = engines.of(pool, target);
    const known = { ...paces.of(pool, target, now()), ...healthOf(parts, pool, target) };
    return engine === undefined ? known : { ...known, engine };
  };
  const reporter = createLoadReporter({ bus, instance, load, details, upstreams, settings, now });
  // Who has just come should not have to wait for the next beat.
  parts.listen({ freed: reporter.freed, applied: reporter.repeat });
  return reporter;
};
