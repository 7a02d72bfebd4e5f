import { formatNumber, renderTable } from '../../bench/report/table.ts';
import type { Result } from '../laboratory.ts';
import type { Measure, Scenario, Variant } from '../scenarios/scenario.ts';

export interface Measured {
  readonly variant: Variant;
  readonly result: Result;
}

const titles: Readonly<Record<Measure, string>> = {
  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
  longest: 'longest',
  shortP99: 'p99, short prompts',
  tokenP99: 'p99 a token',
  imbalance: 'imbalance',
  viewError: 'view error',
  recovery: 'recovered after',
  broken: 'broken off',
  failed: 'failed',
};

const formatMeasure = (measure: Measure, { [measure]: value }: Result): string => {
  if (measure === 'recovery') {
    return value !== undefined && Number.isFinite(value) ? `${formatNumber(value / 1_000, 1)} s` : 'not';
  }
  return formatNumber(value, measure === 'imbalance' ? 2 : 0);
};

export const columnsOf = (measured: readonly Measured[]): string[] => [
  ...new Set(measured.flatMap(({ variant }) => variant.column ?? [])),
];

/** Those of one row, together, in the order of the table. */
export const rowsOf = (measured: readonly Measured[]): Measured[][] => {
  const rows = new Map<string, Measured[]>();
  for (const one of measured) {
    const key = one.variant.row.join(' | ');
    rows.set(key, [...(rows.get(key) ?? []), one]);
  }
  return [...rows.values()];
};

const cellsOf = (scenario: Scenario, row: readonly Measured[], columns: readonly string[]): string[] => {
  const [first] = row;
  const cells = [...(first?.variant.row ?? [])];
  if (columns.length === 0) {
    return [
      ...cells,
      ...scenario.measures.map((measure) => (first ? formatMeasure(measure, first.result) : '')),
    ];
  }
  const inColumns = columns.map((column) => row.find(({ variant }) => variant.column === column));
  return [...cells, ...inColumns.map((one) => (one ? formatMeasure('p99', one.result) : ''))];
};

/** Markdown. */
export const renderScenario = (scenario: Scenario, measured: readonly Measured[]): string => {
  const columns = columnsOf(measured);
  const named = columns.length > 0 ? columns : scenario.measures.map((measure) => titles[measure]);
  const rows = rowsOf(measured).map((row) => cellsOf(scenario, row, columns));
  const image = scenario.plot ? `\n\n![${scenario.plot.title}](plots/${scenario.plot.file})` : '';
  const table = renderTable([...scenario.heads, ...named], rows);
  return `### ${scenario.title}\n\n${scenario.text}\n\n${table}${image}`;
};
