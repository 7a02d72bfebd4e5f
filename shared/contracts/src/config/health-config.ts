/** How targets are asked whether they are well, beside what requests show. */
export interface HealthCheckConfig {
  /** Opens a connection; or asks for a path; or for the list of models. */
  readonly type: 'tcp' | 'http' | 'inference';
  /** Path on the target, for `http` and `inference`. */
  readonly path: string;
  /** Statuses that mean well, for `http`. */
  readonly expectedStatuses: readonly number[];
  /** Models that the target must list, for `inference`. */
  readonly expectedModels: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Checks in a row that must succeed until a target is well again. */
  readonly healthyThreshold: number;
  /** Checks in a row that must fail until it is not. */
  readonly unhealthyThreshold: number;
}

/** When a target is given nothing for a while, as its own failures show. */
export interface CircuitBreakerConfig {
  /** Failures in a row. */
  readonly failureThreshold: number;
  /** Or this share of failures, above 0 and up to 100, out of at least `minRequests` within `windowMs`. */
  readonly failureRatePercent: number;
  readonly minRequests: number;
  readonly windowMs: number;
  /** How long the circuit stays open: so many times this as it opened in a row, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** Requests under way at a time while it is half-open, for each scheduler and adapter. */
  readonly halfOpenMaxRequests: number;
  /** Of these, so many must succeed in a row until it closes. */
  readonly successThreshold: number;
}

/** When a target is left out because it does worse than the others. */
export interface OutlierDetectionConfig {
  /** Failures in a row. */
  readonly consecutiveErrors: number;
  /** How often latencies are compared. */
  readonly intervalMs: number;
  /** How long a target is left out: so many times this as it was in a row, up to ten. */
  readonly baseEjectionMs: number;
  /** Share of the targets that may be left out, and never all. */
  readonly maxEjectionPercent: number;
  /** Time to the first byte, as a multiple of the median of all targets, that makes one slow. Absent: none. */
  readonly latencyFactor?: number;
}
