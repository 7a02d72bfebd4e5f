/**
 * Files that measure time, or load the whole machine: no other file may run beside them. The projects `e2e-timed` and
 * `chaos-timed`; whoever asks for `--project e2e` or `--project chaos` means these as well.
 */
export const timedFiles = {
  e2e: [
    // An event loop that blocks for no more than 20 ms.
    'test/e2e/hostile-input.test.ts',
    // Answers that come within milliseconds of a time-out.
    'test/e2e/retry-fallback.test.ts',
    'test/e2e/upstream-settings.test.ts',
    'test/e2e/waiting.test.ts',
    // Targets are told apart by how quick they are.
    'test/e2e/canary.test.ts',
    'test/e2e/strategies.test.ts',
    // So many probes in so much time.
    'test/e2e/health.test.ts',
  ],
  chaos: [
    // Both cores are busy with their load.
    'test/chaos/fault-matrix.test.ts',
    'test/chaos/hard-limits.test.ts',
    'test/chaos/live-changes.test.ts',
    // Nothing may fail though each hop has a second; and in the order in which it was sent, 2 ms apart.
    'test/chaos/kill-service.test.ts',
    'test/chaos/waiting-requests.test.ts',
    // Within 200 ms; within 50 ms.
    'test/chaos/slow-and-vanishing-clients.test.ts',
    'test/chaos/without-limit-store.test.ts',
  ],
} as const;
