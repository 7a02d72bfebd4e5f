import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';

/** Takes what one process prints: all of it goes to a file, what a person should see goes to the terminal too. */
export interface ServiceLog {
  readonly write: (chunk: Buffer) => void;
  readonly file: string;
  readonly close: () => Promise<void>;
}

const warnLevel = 40;
const maxLineChars = 16 * 1024;

/** A pino line of warning or worse as text; undefined for anything quieter. What is not pino is shown as it is. */
export const readNoteworthy = (line: string): string | undefined => {
  if (!line.startsWith('{')) return line.trim() === '' ? undefined : line;
  try {
    const record = JSON.parse(line) as { level?: number; msg?: string; err?: { message?: string } };
    if ((record.level ?? 0) < warnLevel) return undefined;
    const cause = record.err?.message;
    return [record.msg, cause === record.msg ? undefined : cause]
      .filter((part) => part !== undefined)
      .join(': ');
  } catch {
    return line;
  }
};

/** Calls back once for each whole line; a line longer than the bound is cut, not kept. */
export const createLineSplitter = (onLine: (line: string) => void): ((chunk: Buffer) => void) => {
  let rest = '';
  return (chunk) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = (parts.pop() ?? '').slice(0, maxLineChars);
    for (const part of parts) onLine(part);
  };
};

const closeFile = (stream: WriteStream): Promise<void> => new Promise((resolve) => stream.end(resolve));

export const openServiceLog = (input: {
  readonly name: string;
  readonly folder: string;
  /** Absent for a process whose ordinary lines are not pino, such as nats-server. */
  readonly onNoteworthy?: (line: string) => void;
}): ServiceLog => {
  const file = join(input.folder, `${input.name}.log`);
  const stream = createWriteStream(file);
  const split = createLineSplitter((line) => {
    const text = readNoteworthy(line);
    if (text !== undefined) input.onNoteworthy?.(text);
  });
  return {
    file,
    write: (chunk) => {
      stream.write(chunk);
      split(chunk);
    },
    close: () => closeFile(stream),
  };
};
