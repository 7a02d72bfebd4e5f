/** How the adapter asks an inference engine for its load. */
export interface EngineMetricsConfig {
  /** Behind the origin of the target's URL and its path. Begins with a slash. */
  readonly path: string;
  /** Between the end of one question and the next. */
  readonly intervalMs: number;
}
