import type { MemorySample } from './memory-probe.ts';

/** Memory after so many requests, with nothing in flight. */
export interface SoakSample {
  readonly requests: number;
  /** Of the requests since the sample before; undefined for the first, which is before any. */
  readonly requestsPerSecond: number | undefined;
  readonly services: ReadonlyMap<string, MemorySample>;
  /** Resident bytes of the servers that are not ours; undefined where the system does not tell. */
  readonly servers: ReadonlyMap<string, number | undefined>;
}

export interface SoakResult {
  readonly samples: readonly SoakSample[];
  /** With status 200. */
  readonly answered: number;
  readonly failed: ReadonlyMap<string, number>;
  /** Attempts that the ledger has; undefined where metering does not tell. */
  readonly rated: number | undefined;
}
