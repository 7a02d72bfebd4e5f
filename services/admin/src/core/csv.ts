/** A cell that begins so is a formula to a spreadsheet, also behind white space. */
const formulaStart = /^\s*[=+\-@\t\r]/;
const plainNumber = /^-?\d+(\.\d+)?$/;

const toCell = (value: unknown): string => {
  const text = value === undefined || value === null ? '' : String(value);
  const harmless = formulaStart.test(text) && !plainNumber.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

/**
 * RFC 4180 with a line of names. A text that a spreadsheet would take for a formula is led by an apostrophe:
 * model names come from clients.
 */
export const toCsv = (
  columns: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
): string =>
  [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((cells) => `${cells.map(toCell).join(',')}\r\n`)
    .join('');
