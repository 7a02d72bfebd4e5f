import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '../nats/find-nats-server.ts';
import { toProjectArguments } from './project-arguments.ts';
import { readTestReport, type TestCounts } from './read-test-report.ts';
import { runStep } from './run-step.ts';
import { runTask } from './run-task.ts';
import { checkout, compileCache } from './service-process.ts';

const checkTimeoutMs = 5 * 60_000;
const testTimeoutMs = 20 * 60_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const runCheck = async (name: string, program: string, args: readonly string[]): Promise<TestCounts> => {
  say(`weir: ${name}`);
  const binary = join(checkout, 'node_modules', '.bin', program);
  const exitCode = await runStep(binary, args, {
    cwd: checkout,
    env: process.env,
    timeoutMs: checkTimeoutMs,
  });
  return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
};

/** A mesh that runs elsewhere brings its own bus. */
const localEnvironment = async (): Promise<Readonly<Record<string, string>>> => {
  if ((process.env['WEIR_E2E_BASE_URL'] ?? '') !== '') return {};
  const natsServer = await findNatsServer();
  say(`weir: nats-server ${natsServer.version}`);
  return { WEIR_NATS_SERVER: natsServer.path };
};

const runVitest = async (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<TestCounts> => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-test-'));
  const reportFile = join(folder, 'report.json');
  try {
    const vitest = join(checkout, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
    const exitCode = await runStep(
      process.execPath,
      [vitest, 'run', ...reporters, ...toProjectArguments(args)],
      {
        cwd: checkout,
        // What a killed test leaves in its temporary folders goes with this one.
        env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...environment, TMPDIR: folder },
        timeoutMs: testTimeoutMs,
      },
    );
    return readTestReport(await readFile(reportFile, 'utf8').catch(() => ''), exitCode);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
};

/** The files that need no more than addresses, once more, against the compose stack. */
const runAgainstContainers = async (): Promise<TestCounts> => {
  say('weir: end to end against containers');
  // Only who asks for it pays for loading the Docker client.
  const { startContainerStack } = await import('./start-container-stack.ts');
  const stack = await startContainerStack();
  try {
    return await runVitest(['--project', 'e2e', '--project', 'sdk'], stack.env);
  } finally {
    await stack.stop();
  }
};

await runTask(async () => {
  const args = process.argv.slice(2);
  const counts: TestCounts[] = [];
  // Whoever asks for a part of the tests wants that part.
  if (args.length === 0) {
    counts.push(await runCheck('typecheck', 'tsc', ['-p', 'tsconfig.json']));
    counts.push(await runCheck('lint', 'biome', ['check', '--diagnostic-level=warn', '.']));
  }
  counts.push(await runVitest(args, await localEnvironment()));
  if (process.env['WEIR_TEST_CONTAINERS'] === '1') counts.push(await runAgainstContainers());
  const sum = (field: keyof TestCounts): number => counts.reduce((total, count) => total + count[field], 0);
  if (sum('skipped') > 0) say(`weir: ${sum('skipped')} skipped`);
  say(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
});
