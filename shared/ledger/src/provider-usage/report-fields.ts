import { type Fields, isCount, isFields } from '../checks.ts';

/** Reads the fields of a report, each by its path, and keeps the first that is not what it should be. */
export interface ReportFields {
  /** The path of the first field that is wrong, and what was expected. */
  readonly problem: string | undefined;
  object(value: unknown, path: string): Fields;
  list(value: unknown, path: string): readonly unknown[];
  /** A whole number that is not negative. */
  count(value: unknown, path: string): number;
  tokens(value: unknown, path: string): bigint;
  /** Absent and null are not known. */
  knownTokens(value: unknown, path: string): bigint | undefined;
  reject(path: string, expected: string, value: unknown): void;
}

const kindOf = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : JSON.stringify(value).slice(0, 80);
};

export const createReportFields = (): ReportFields => {
  let problem: string | undefined;
  const reject = (path: string, expected: string, value: unknown): void => {
    problem ??= `${path}: expected ${expected}, found ${kindOf(value)}`;
  };
  const count = (value: unknown, path: string): number => {
    if (isCount(value)) return value;
    reject(path, 'a whole number, 0 or more', value);
    return 0;
  };
  const tokens = (value: unknown, path: string): bigint => BigInt(count(value, path));
  return {
    get problem() {
      return problem;
    },
    object: (value, path) => {
      if (isFields(value)) return value;
      reject(path, 'an object', value);
      return {};
    },
    list: (value, path) => {
      if (Array.isArray(value)) return value;
      reject(path, 'a list', value);
      return [];
    },
    count,
    tokens,
    knownTokens: (value, path) => (value === undefined || value === null ? undefined : tokens(value, path)),
    reject,
  };
};
