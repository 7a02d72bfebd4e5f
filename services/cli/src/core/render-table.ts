export type Row = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** Model names come from clients: none of them may speak to the terminal. */
const toText = (value: unknown): string => textOf(value).replaceAll(/\p{Cc}/gu, '\uFFFD');

const isNumeric = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text);

/** Columns as wide as they need to be; columns of numbers to the right. */
export const renderTable = (columns: readonly string[], rows: readonly Row[]): string => {
  if (rows.length === 0) return 'none\n';
  const cells = rows.map((row) => columns.map((column) => toText(row[column])));
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const right = columns.map((_column, index) => cells.every((line) => isNumeric(line[index] ?? '')));
  const renderLine = (line: readonly string[]): string =>
    line
      .map((text, index) =>
        right[index] ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return `${[columns, ...cells].map(renderLine).join('\n')}\n`;
};

/** One thing, field by field. */
export const renderFields = (fields: Row): string => {
  const names = Object.keys(fields);
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name) => `${name.padEnd(width)}  ${toText(fields[name])}\n`).join('');
};
