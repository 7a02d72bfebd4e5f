import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';
import { timedFiles } from './test/timed-files.ts';

interface ProjectInput {
  readonly name: string;
  readonly order: number;
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
}

/** Groups run one after another, the quick ones first. 0 counts as no group, and comes last. */
const project = ({ name, order, include, exclude = [] }: ProjectInput, settings: object) => ({
  test: {
    name,
    include: [...include],
    exclude: ['**/node_modules/**', ...exclude],
    sequence: { groupOrder: order },
    ...settings,
  },
});

/** Their files leave nothing behind in the worker, and loading everything anew for each would take longer than the tests. */
const pure = { isolate: false, maxWorkers: '100%', testTimeout: 20_000, hookTimeout: 30_000 };
const startsProcesses = { testTimeout: 60_000, hookTimeout: 120_000 };
/** One file at a time: nothing else on the machine but what it starts itself. */
const alone = { ...startsProcesses, fileParallelism: false };
/** Most of such a file is waiting. A mesh that runs elsewhere is one for all files, and they count what it does. */
const isElsewhere = (process.env['WEIR_E2E_BASE_URL'] ?? '') !== '';
const sideBySide = isElsewhere ? alone : { ...startsProcesses, maxWorkers: 2 };

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  test: {
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    projects: [
      project(
        {
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
        },
        pure,
      ),
      project(
        {
          name: 'architecture',
          order: 2,
          include: ['test/architecture/**/*.test.ts', 'test/contracts/**/*.test.ts'],
        },
        pure,
      ),
      project(
        { name: 'e2e', order: 3, include: ['test/e2e/**/*.test.ts'], exclude: timedFiles.e2e },
        sideBySide,
      ),
      project({ name: 'sdk', order: 3, include: ['test/sdk/**/*.test.ts'] }, sideBySide),
      project({ name: 'e2e-timed', order: 4, include: timedFiles.e2e }, alone),
      project(
        { name: 'chaos', order: 5, include: ['test/chaos/**/*.test.ts'], exclude: timedFiles.chaos },
        sideBySide,
      ),
      project({ name: 'chaos-timed', order: 6, include: timedFiles.chaos }, alone),
    ],
  },
});
