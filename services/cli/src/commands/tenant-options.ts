import { listOption, type ReadArguments, textOption } from '../arguments.ts';
import { type CommandContext, CommandFailure, UsageError } from '../command.ts';

/** Options that set what an organisation, a team or a key may do. */
export const ruleOptions = {
  model: listOption,
  route: listOption,
  metadata: listOption,
  rules: textOption,
} as const;

export const ruleHelp = `  --model <pattern>       may use these models only; may be repeated
  --route <pattern>       may use these routes only; may be repeated
  --metadata <name=value> may be repeated
  --rules <file>          JSON with rateLimits and budgets, as in weir.yaml; - for standard input`;

const readMetadata = (items: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    items.map((item) => {
      const split = item.indexOf('=');
      if (split < 1) throw new UsageError(`--metadata ${item}: expected name=value`);
      return [item.slice(0, split), item.slice(split + 1)];
    }),
  );

const readRules = async (file: string, context: CommandContext): Promise<object> => {
  const text = await context.readFile(file);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new CommandFailure(`${file} is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  throw new CommandFailure(`${file}: expected an object such as {"rateLimits": [{"requestsPerMinute": 60}]}`);
};

/** The part of a body that these options make. What is not given is left as it is. */
export const readRuleOptions = async (read: ReadArguments, context: CommandContext): Promise<object> => {
  const file = read.text('rules');
  const models = read.list('model');
  const routes = read.list('route');
  const metadata = read.list('metadata');
  return {
    ...(file === undefined ? {} : await readRules(file, context)),
    ...(models === undefined ? {} : { models }),
    ...(routes === undefined ? {} : { routes }),
    ...(metadata === undefined ? {} : { metadata: readMetadata(metadata) }),
  };
};

/** `--tier none` takes it away. */
export const readTier = (read: ReadArguments): { tier?: string | null } => {
  const tier = read.text('tier');
  if (tier === undefined) return {};
  return { tier: tier === 'none' ? null : tier };
};
