import { expect, it } from 'vitest';
import { readTestReport } from './read-test-report.ts';

const report = (files: readonly { status: string; tests: readonly string[] }[]): string =>
  JSON.stringify({
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((test) => ({ status: test })),
    })),
  });

it('counts tests by outcome', () => {
  const text = report([
    { status: 'passed', tests: ['passed', 'passed', 'skipped'] },
    { status: 'failed', tests: ['passed', 'failed', 'todo'] },
  ]);
  expect(readTestReport(text, 1)).toEqual({ passed: 3, failed: 1, skipped: 2 });
});

it('counts a file that could not be loaded as one failure', () => {
  expect(readTestReport(report([{ status: 'failed', tests: [] }]), 1)).toEqual({
    passed: 0,
    failed: 1,
    skipped: 0,
  });
});

it('counts a run that failed without a failed test, or without a report, as one failure', () => {
  expect(readTestReport(report([{ status: 'passed', tests: ['passed'] }]), 1).failed).toBe(1);
  expect(readTestReport('', 137)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
