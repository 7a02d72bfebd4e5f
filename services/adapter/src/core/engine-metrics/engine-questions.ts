import type { EngineMetricsConfig, TargetConfig, UpstreamConfig } from '@weir/contracts';

/** What one adapter instance serves. */
export interface Served {
  /** Absent: every upstream. */
  readonly pool: string | undefined;
  /** Absent: every target. */
  readonly target: string | undefined;
}

const byDefault: EngineMetricsConfig = { path: '/metrics', intervalMs: 500 };

/** The targets of an upstream that this instance serves. */
export const servedTargets = (
  served: Served,
  pool: string,
  targets: readonly TargetConfig[],
): readonly TargetConfig[] => {
  if (served.pool !== undefined && served.pool !== pool) return [];
  return targets.filter(({ name }) => served.target === undefined || served.target === name);
};

/**
 * How the engines of an upstream are asked; undefined when they are not. The agent of a worker has just one to ask,
 * beside it, so it does by default; other adapters would ask every worker of the fleet, each of them.
 */
export const engineMetricsOf = (
  { engineMetrics, provider }: Pick<UpstreamConfig, 'engineMetrics' | 'provider'>,
  served: Served,
): EngineMetricsConfig | undefined => {
  if (engineMetrics === false) return undefined;
  const isAgent = served.pool !== undefined && served.target !== undefined;
  return engineMetrics ?? (isAgent && provider === 'openai-compatible' ? byDefault : undefined);
};
