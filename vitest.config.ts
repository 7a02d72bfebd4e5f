import { defineConfig } from 'vitest/config';

const project = (input: { name: string; order: number; include: string[]; startsProcesses: boolean }) => ({
  test: {
    name: input.name,
    include: input.include,
    // Groups run one after another, the quick ones first. 0 counts as no group, and comes last.
    sequence: { groupOrder: input.order },
    ...(input.startsProcesses
      ? { fileParallelism: false, testTimeout: 60_000, hookTimeout: 120_000 }
      : { testTimeout: 20_000, hookTimeout: 30_000 }),
  },
});

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      project({
        name: 'unit',
        order: 1,
        include: [
          'shared/**/*.test.ts',
          'services/**/*.test.ts',
          'infra/**/*.test.ts',
          'test/bench/**/*.test.ts',
          'test/soak/**/*.test.ts',
          'test/placement/**/*.test.ts',
          'test/simulate/**/*.test.ts',
        ],
        startsProcesses: false,
      }),
      project({
        name: 'architecture',
        order: 2,
        include: ['test/architecture/**/*.test.ts', 'test/contracts/**/*.test.ts'],
        startsProcesses: false,
      }),
      project({ name: 'e2e', order: 3, include: ['test/e2e/**/*.test.ts'], startsProcesses: true }),
      project({ name: 'sdk', order: 4, include: ['test/sdk/**/*.test.ts'], startsProcesses: true }),
      project({ name: 'chaos', order: 5, include: ['test/chaos/**/*.test.ts'], startsProcesses: true }),
    ],
  },
});
