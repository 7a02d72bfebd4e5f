import { expect, test } from 'vitest';
import { createLaboratory } from '../laboratory.ts';
import { scenarios } from '../scenarios/index.ts';
import { drawLinePlot } from './line-plot.ts';
import { plotScenario } from './plot-scenario.ts';
import { renderScenario } from './render-scenario.ts';
import { writeSection } from './write-section.ts';

const durationMs = 6_000;

const renderAll = (clock: () => number): string[] => {
  const laboratory = createLaboratory({ seeds: [1, 2], durationMs, clock });
  const chosen = scenarios.filter(({ name }) => name === 'scheduler-kill' || name === 'load');
  return chosen.flatMap((scenario) => {
    const measured = scenario
      .variants(laboratory.given)
      .filter(({ policy }) => policy === 'full')
      .map((variant) => ({ variant, result: laboratory.resultOf(variant) }));
    const plot = scenario.plot ? [plotScenario(scenario.plot, measured)] : [];
    return [renderScenario(scenario, measured), ...plot];
  });
};

test('tables and plots of the same seeds are the same to the byte, whatever the real clock says', () => {
  const once = renderAll(() => 0);
  expect(once).toHaveLength(3);
  expect(renderAll(() => performance.now())).toEqual(once);
});

test('a table has a column for each value of what changes, and a row for each policy', () => {
  const [table] = renderAll(() => 0);
  expect(table).toContain('| policy | 50 % | 70 % | 80 % | 90 % | 95 % |');
  expect(table?.match(/^\| least tokens queued, as built, 3 schedulers( \| [\d,]+){5} \|$/m)).not.toBeNull();
});

test('every scenario has its own name, and a plot its own file', () => {
  const names = scenarios.map(({ name }) => name);
  const files = scenarios.flatMap(({ plot }) => plot?.file ?? []);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(files).size).toBe(files.length);
});

test('a plot draws larger values higher and further right, and says what its lines are', () => {
  const svg = drawLinePlot({
    title: 'p99 < 1 s',
    xTitle: 'load',
    scale: { x: 'linear', y: 'log' },
    lines: [
      {
        name: 'a & b',
        points: [
          { x: 1, y: 10 },
          { x: 3, y: 1_000 },
        ],
      },
    ],
  });
  const [, fromX, fromY, toX, toY] = /points="([\d.]+),([\d.]+) ([\d.]+),([\d.]+)"/.exec(svg) ?? [];
  expect(Number(toX)).toBeGreaterThan(Number(fromX));
  expect(Number(toY)).toBeLessThan(Number(fromY));
  expect(svg).toContain('>a &amp; b</text>');
  expect(svg).toContain('<title>p99 &lt; 1 s</title>');
  expect(svg).toContain('>1,000</text>');
  expect(svg).toContain('prefers-color-scheme: dark');
});

test('a section is put between its markers, and the rest of the page stays', () => {
  const page = (inside: string): string =>
    `# Before\n\n<!-- npm run simulate -- --write: from here -->${inside}<!-- npm run simulate -- --write: to here -->\n\nAfter\n`;
  const written = writeSection(page('\nold\n'), 'new\n');
  expect(written).toBe(page('\n\nnew\n\n'));
  expect(writeSection(written, 'new')).toBe(written);
  expect(() => writeSection('# No markers', 'new')).toThrow('the page has no lines');
});
