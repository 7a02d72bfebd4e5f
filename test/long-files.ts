/**
 * Files that take ten seconds and more, the longest first. One of them begun last would run on alone, while nothing is
 * left for the other core.
 */
export const longFiles: readonly string[] = [
  'test/chaos/all-in-one.test.ts',
  'test/chaos/scale-down.test.ts',
  'test/chaos/silent-adapter.test.ts',
  'test/e2e/start.test.ts',
  'services/metering/src/service.test.ts',
  'test/e2e/worker-agent.test.ts',
  'shared/ledger/src/verify/verifier.test.ts',
  'test/e2e/examples-resilience.test.ts',
  'test/e2e/affinity.test.ts',
  'test/chaos/ledger-outages.test.ts',
  'shared/runtime/src/run-service.test.ts',
];
