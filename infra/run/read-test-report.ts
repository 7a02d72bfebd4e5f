export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface ReportedFile {
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string }[];
}

/**
 * Counts what vitest's JSON report says. A file that could not even be loaded holds no tests: it counts as one
 * failure, and so does a run that failed without saying where.
 */
export const readTestReport = (report: string, exitCode: number): TestCounts => {
  const files =
    report === '' ? [] : (JSON.parse(report) as { testResults: readonly ReportedFile[] }).testResults;
  const results = files.flatMap((file) => file.assertionResults.map((result) => result.status));
  const count = (status: string): number => results.filter((result) => result === status).length;
  const brokenFiles = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((result) => result.status === 'failed'),
  ).length;
  const passed = count('passed');
  const failed = count('failed') + brokenFiles;
  return {
    passed,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: results.length - passed - count('failed'),
  };
};
