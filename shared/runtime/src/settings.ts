export type Env = Readonly<Record<string, string | undefined>>;

/** A setting that cannot be used: which one, what the environment holds, what would be right. */
export interface SettingsProblem {
  readonly name: string;
  readonly found: string;
  readonly expected: string;
}

const toLine = ({ name, found, expected }: SettingsProblem): string =>
  `${name}: found ${found}, expected ${expected}`;

/** Every wrong setting at once. The message has one line per setting and is meant for people. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly SettingsProblem[];

  constructor(problems: readonly SettingsProblem[]) {
    const title = problems.length === 1 ? 'A setting is wrong' : `${problems.length} settings are wrong`;
    super([`${title}:`, ...problems.map((problem) => `  ${toLine(problem)}`)].join('\n'));
    this.problems = problems;
  }
}

/** Reads settings and collects what is wrong with them; `done` throws once, with all of it. */
export interface SettingsReader {
  /** Without a fallback the setting is required. */
  text(name: string, fallback?: string): string;
  optionalText(name: string): string | undefined;
  /** Bounds are inclusive. Without a minimum, it is 0. */
  integer(name: string, fallback: number, bounds?: { min?: number; max?: number }): number;
  /** `true`, `false`, `1` or `0`. */
  flag(name: string, fallback: boolean): boolean;
  /** Separated by commas; white space around an item and empty items are dropped. */
  list(name: string, fallback: readonly string[]): readonly string[];
  choice<const Value extends string>(name: string, fallback: Value, values: readonly Value[]): Value;
  /** Adds a problem that the reader cannot see, such as two settings that exclude each other. */
  reject(problem: SettingsProblem): void;
  /** @throws SettingsError when any setting read so far is missing or malformed. */
  done(): void;
}

const flags: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);
const maxQuotedChars = 80;

const quote = (value: string): string =>
  JSON.stringify(value.length > maxQuotedChars ? `${value.slice(0, maxQuotedChars)}…` : value);

const describeInteger = (min: number, max: number): string =>
  max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer between ${min} and ${max}`;

export const readSettings = (env: Env): SettingsReader => {
  const problems: SettingsProblem[] = [];

  // Compose files and charts pass unset values as empty strings.
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;

  const parse = <Value>(
    name: string,
    fallback: Value,
    expected: string,
    from: (text: string) => Value | undefined,
  ) => {
    const text = read(name);
    if (text === undefined) return fallback;
    const value = from(text);
    if (value === undefined) problems.push({ name, found: quote(text), expected });
    return value ?? fallback;
  };

  return {
    text: (name, fallback) => {
      const value = read(name) ?? fallback;
      if (value === undefined) problems.push({ name, found: 'nothing', expected: 'a value' });
      return value ?? '';
    },
    optionalText: read,
    integer: (name, fallback, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}) =>
      parse(name, fallback, describeInteger(min, max), (text) => {
        const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
        return value >= min && value <= max ? value : undefined;
      }),
    flag: (name, fallback) => parse(name, fallback, 'true or false', (text) => flags.get(text.toLowerCase())),
    list: (name, fallback) =>
      read(name)
        ?.split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '') ?? fallback,
    choice: (name, fallback, values) =>
      parse(name, fallback, `one of ${values.join(', ')}`, (text) => values.find((value) => value === text)),
    reject: (problem) => {
      problems.push(problem);
    },
    done: () => {
      if (problems.length > 0) throw new SettingsError(problems);
    },
  };
};
