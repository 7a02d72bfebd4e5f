export const unknown = 'unknown';

/** A number for people; unknown is not zero. */
export const formatNumber = (value: number | undefined, digits = 0): string =>
  value === undefined || !Number.isFinite(value)
    ? unknown
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Microseconds as milliseconds. */
export const formatMs = (micros: number | undefined): string =>
  formatNumber(micros === undefined ? undefined : micros / 1000, 2);

export const formatMiB = (bytes: number | undefined): string =>
  formatNumber(bytes === undefined ? undefined : bytes / 1_048_576);

/** A Markdown table; the first column is text, the others are numbers. */
export const renderTable = (heads: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = heads.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(heads), line(rule), ...rows.map(line)].join('\n');
};
