import type { Plot } from '../scenarios/scenario.ts';
import { drawLinePlot, type Line } from './line-plot.ts';
import { type Measured, rowsOf } from './render-scenario.ts';

const byColumn = (row: readonly Measured[]): Line['points'] =>
  row.flatMap(({ variant, result: { p99 } }) =>
    p99 === undefined ? [] : [{ x: Number.parseFloat(variant.column ?? ''), y: p99 }],
  );

const byWindow = (row: readonly Measured[]): Line['points'] =>
  (row[0]?.result.windows ?? []).flatMap(({ fromMs, p99 }) =>
    p99 === undefined ? [] : [{ x: fromMs / 1_000, y: p99 }],
  );

export const plotScenario = (plot: Plot, measured: readonly Measured[]): string => {
  const rows = rowsOf(measured).filter(
    ([first]) => first && (plot.only?.includes(first.variant.row[0] ?? '') ?? true),
  );
  const lines = rows.map((row) => ({
    name: row[0]?.variant.row.join(', ') ?? '',
    points: plot.of === 'columns' ? byColumn(row) : byWindow(row),
  }));
  const { title, xTitle, scale } = plot;
  return drawLinePlot({ title, xTitle, scale, lines });
};
