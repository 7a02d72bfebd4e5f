import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What a command line says: words, and values by the names of their options. */
export interface ReadArguments {
  readonly words: readonly string[];
  readonly text: (name: string) => string | undefined;
  /** @throws UsageError when it is not given. */
  readonly required: (name: string) => string;
  /** All values of an option that may be given more than once; those between commas are several too. */
  readonly list: (name: string) => readonly string[] | undefined;
  /** The same, where a comma is part of the value. */
  readonly all: (name: string) => readonly string[];
  readonly flag: (name: string) => boolean;
}

export const textOption = { type: 'string' } as const;
export const listOption = { type: 'string', multiple: true } as const;
export const flagOption = { type: 'boolean' } as const;

const parse = (args: readonly string[], options: Options) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

/** Reads arguments strictly: an option that is not known is an error, and so are too many words. */
export const readArguments = (
  args: readonly string[],
  options: Options,
  mostWords: number,
): ReadArguments => {
  const { values, positionals } = parse(args, options);
  const surplus = positionals[mostWords];
  if (surplus !== undefined) throw new UsageError(`what is ${JSON.stringify(surplus)} for?`);
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  const all = (name: string): readonly string[] => {
    const value = values[name];
    return Array.isArray(value) ? value.map(String) : [];
  };
  return {
    words: positionals,
    text,
    required: (name) => {
      const value = text(name);
      if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
      return value;
    },
    list: (name) => (values[name] === undefined ? undefined : all(name).flatMap((item) => item.split(','))),
    all,
    flag: (name) => values[name] === true,
  };
};
