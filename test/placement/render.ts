import type { ScenarioResult } from './scenario.ts';

const milliseconds = (value: number): string => (Number.isNaN(value) ? '–' : String(Math.round(value)));

/** Markdown, as docs/scheduling.md shows it. */
export const renderResult = ({ title, rows, findings }: ScenarioResult): string => {
  const lines = rows.map(({ name, summary, counted }) => {
    const { requests, failed, p50Ms, p95Ms, p99Ms, shortP99Ms } = summary;
    const { mostTokens, mostAttempts, zeroAfterMs } = counted;
    const times = [p50Ms, p95Ms, p99Ms, shortP99Ms].map(milliseconds);
    const counts = [mostTokens, mostAttempts, milliseconds(zeroAfterMs)];
    return `| ${[name, requests, failed, ...times, ...counts].join(' | ')} |`;
  });
  const found = findings.map(({ what, figure, atMost }) => {
    const aim = atMost === undefined ? '' : ` (at most ${atMost}: ${figure <= atMost ? 'met' : 'missed'})`;
    return `- ${what}: ${figure.toFixed(2)}${aim}`;
  });
  return [
    `### ${title}`,
    '',
    '| | requests | failed | p50 ms | p95 ms | p99 ms | p99 of short prompts | most tokens at a worker | most attempts | all 0 after ms |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...lines,
    '',
    ...found,
    '',
  ].join('\n');
};
