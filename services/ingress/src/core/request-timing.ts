/** How long the ingress waits for what. All in milliseconds. */
export interface RequestTiming {
  /** Without `accepted`, `queued` or `error` for this long, the envelope may be lost. */
  readonly hopTimeoutMs: number;
  /** Without any of them for this long, however often it was submitted, nobody will come. */
  readonly unheardLimitMs: number;
  /** Resubmissions of an envelope that may have been lost. */
  readonly maxResubmissions: number;
  /** First pause before an envelope that nobody took is submitted again; it doubles. */
  readonly nobodyBackoffMs: number;
  /** For this long after the first such failure it is tried again, then the client is told. */
  readonly nobodyWindowMs: number;
  /** Queued beats come each second; this much silence means that the queue's owner is gone. */
  readonly queuedSilenceMs: number;
  /** Silence of an adapter that counts as its death. */
  readonly silenceMs: number;
  /** After a reconnect, a stream that goes on must show it within this. */
  readonly probationMs: number;
}

export const defaultTiming: RequestTiming = {
  hopTimeoutMs: 1_000,
  unheardLimitMs: 10_000,
  maxResubmissions: 2,
  nobodyBackoffMs: 100,
  nobodyWindowMs: 2_500,
  queuedSilenceMs: 3_500,
  silenceMs: 15_000,
  probationMs: 3_500,
};
