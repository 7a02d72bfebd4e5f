import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { call, type RawAnswer, type RawCall } from './http-call.ts';

/** A `curl` of an example's README. */
export interface ExampleCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Example {
  readonly configFile: string;
  /** The configuration with another place for all of its targets. */
  readonly configFor: (targetUrl: string) => Record<string, unknown>;
  readonly calls: readonly ExampleCall[];
}

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));

const readCalls = (readme: string): readonly ExampleCall[] =>
  [...readme.matchAll(/^curl .*?http:\/\/127\.0\.0\.1:8080(?<path>\S+)(?<rest>[^']*?-d '[^']*')/gms)].map(
    ({ groups }) => ({
      path: groups?.['path'] ?? '',
      headers: Object.fromEntries(
        [...(groups?.['rest'] ?? '').matchAll(/-H "([^:]+): ([^"]*)"/g)].map(([, name = '', value = '']) => [
          name,
          value,
        ]),
      ),
      body: /-d '([^']*)'/.exec(groups?.['rest'] ?? '')?.[1] ?? '',
    }),
  );

export const readExample = async (name: string): Promise<Example> => {
  const configFile = join(examples, name, 'weir.yaml');
  const text = await readFile(configFile, 'utf8');
  return {
    configFile,
    configFor: (targetUrl) => parse(text.replaceAll(/\$\{WEIR_SIM_URL:-[^}]*\}/g, targetUrl)),
    calls: readCalls(await readFile(join(examples, name, 'README.md'), 'utf8')),
  };
};

/** Sends a call of a README, with what a test changes of it. */
export const sendExample = (
  baseUrl: string,
  example: ExampleCall | undefined,
  changes: { readonly headers?: RawCall['headers']; readonly body?: object } = {},
): Promise<RawAnswer> => {
  if (example === undefined) throw new Error('the README has no such call');
  return call(baseUrl + example.path, {
    headers: { ...example.headers, ...changes.headers },
    body: changes.body
      ? JSON.stringify({ ...(JSON.parse(example.body) as object), ...changes.body })
      : example.body,
  });
};
