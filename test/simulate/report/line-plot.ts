export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface LinePlot {
  readonly title: string;
  readonly xTitle: string;
  readonly scale: { readonly x: 'linear' | 'log'; readonly y: 'linear' | 'log' };
  readonly lines: readonly Line[];
}

interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

const width = 760;
const height = 420;
const left = 64;
const right = 16;
const top = 40;
const bottom = 52;
const legendLine = 18;

/** Okabe and Ito: told apart by the colour-blind, and seen on white and on black. */
const colours = [
  '#d55e00',
  '#0072b2',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#8c6d31',
  '#7f7f7f',
  '#9467bd',
];
const dashes = ['', '6 3', '2 3'];

const style = `
  text { font: 12px system-ui, sans-serif; fill: #333 }
  .title { font-weight: 600; font-size: 14px }
  .grid { stroke: #888; stroke-opacity: .25 }
  polyline { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } }`;

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const linearTicks = (low: number, high: number): number[] => {
  const rough = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
};

const logTicks = (low: number, high: number): number[] => {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
    for (const factor of [1, 2, 5]) ticks.push(factor * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
};

const toAxis = (values: readonly number[], kind: 'linear' | 'log', from: number, to: number): Axis => {
  const isLog = kind === 'log';
  const low = Math.min(...values) * (isLog ? 0.95 : 1);
  const high = Math.max(...values, low + 1e-9) * (isLog ? 1.05 : 1);
  const scale = (value: number): number => (isLog ? Math.log(value) : value);
  const at = (value: number): number =>
    from + ((scale(value) - scale(low)) / (scale(high) - scale(low))) * (to - from);
  return { at, ticks: isLog ? logTicks(low, high) : linearTicks(low, high) };
};

const place = (value: number): string => value.toFixed(1);

/** A number on an axis: 1000 as 1,000. */
const label = (tick: number): string =>
  Number(tick.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 2 });

const drawGrid = (xAxis: Axis, yAxis: Axis): string[] => [
  ...yAxis.ticks.flatMap((tick) => {
    const at = place(yAxis.at(tick));
    return [
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/>`,
      `<text x="${left - 8}" y="${at}" dy="4" text-anchor="end">${label(tick)}</text>`,
    ];
  }),
  ...xAxis.ticks.flatMap((tick) => {
    const at = place(xAxis.at(tick));
    return [
      `<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}"/>`,
      `<text x="${at}" y="${height - bottom + 18}" text-anchor="middle">${label(tick)}</text>`,
    ];
  }),
];

const drawLine = ({ points }: Line, index: number, xAxis: Axis, yAxis: Axis): string => {
  const path = points.map(({ x, y }) => `${place(xAxis.at(x))},${place(yAxis.at(y))}`).join(' ');
  const dash = dashes[Math.floor(index / colours.length)] ?? '';
  return `<polyline stroke="${colours[index % colours.length]}" stroke-dasharray="${dash}" points="${path}"/>`;
};

const drawLegend = (lines: readonly Line[]): string[] =>
  lines.flatMap(({ name }, index) => {
    const at = height + index * legendLine;
    const colour = colours[index % colours.length];
    return [
      `<line x1="${left}" x2="${left + 24}" y1="${at - 4}" y2="${at - 4}" stroke="${colour}" stroke-width="3"/>`,
      `<text x="${left + 32}" y="${at}">${escapeText(name)}</text>`,
    ];
  });

/** An SVG that takes the reader's light or dark background as its own. */
export const drawLinePlot = ({ title, xTitle, scale, lines }: LinePlot): string => {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const xAxis = toAxis(xs, scale.x, left, width - right);
  const yAxis = toAxis(ys, scale.y, height - bottom, top);
  const whole = height + lines.length * legendLine;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" role="img">`,
    `<title>${escapeText(title)}</title>`,
    `<style>${style}\n</style>`,
    `<text class="title" x="${left}" y="22">${escapeText(title)}</text>`,
    ...drawGrid(xAxis, yAxis),
    ...lines.map((line, index) => drawLine(line, index, xAxis, yAxis)),
    `<text x="${(left + width - right) / 2}" y="${height - bottom + 38}" text-anchor="middle">${escapeText(xTitle)}</text>`,
    ...drawLegend(lines),
    '</svg>',
    '',
  ].join('\n');
};
