import { resolve } from 'node:path';
import type { WeirConfig } from '@weir/contracts';
import { withDeadline } from '@weir/messaging';
import { explainRoute } from '@weir/routing';
import { loadConfig, publishConfig } from '@weir/runtime';
import { flagOption, listOption, readArguments, textOption } from '../arguments.ts';
import { type Command, type CommandContext, CommandFailure, exitCodes, UsageError } from '../command.ts';
import { readConfigInForce } from './config-in-force.ts';

const publishTimeoutMs = 5_000;

const load = async (file: string, context: CommandContext): Promise<WeirConfig> => {
  const loaded = await loadConfig(resolve(context.folder, file), context.env);
  if (loaded.outcome === 'failed') throw new CommandFailure(loaded.message);
  return loaded.config;
};

const onlyFile = (args: readonly string[], command: string): string => {
  const [file] = readArguments(args, {}, 1).words;
  if (file === undefined) throw new UsageError(`weir ${command}: which file?`);
  return file;
};

export const checkCommand: Command = {
  name: 'check',
  summary: 'look for mistakes in a configuration file',
  help: `weir check <weir.yaml>

Names every mistake with its line. Exit code 0 when there is none.`,
  run: async (args, context) => {
    const file = onlyFile(args, 'check');
    const config = await load(file, context);
    const names = Object.keys(config.upstreams).length;
    await context.out(
      `${file} is right: ${names} upstreams, ${config.routes.length} routes, ${config.tenants.length} organisations\n`,
    );
    return exitCodes.done;
  },
};

export const applyCommand: Command = {
  name: 'apply',
  summary: 'put a configuration file in force on every service',
  help: `weir apply <weir.yaml>

Publishes it over NATS (NATS_URL), where every service takes it up within a second. A file with a mistake is not applied.
A mesh whose ingresses are started with WEIR_CONFIG publishes that file again when one of them starts.`,
  run: async (args, context) => {
    const file = onlyFile(args, 'apply');
    const config = await load(file, context);
    let outcome = 'published';
    const logger = {
      info: (fields: object) => {
        outcome = String((fields as { readonly outcome?: string }).outcome ?? outcome);
      },
      warn: () => undefined,
    };
    const bus = await context.bus();
    await withDeadline(
      publishConfig({ env: context.env, now: Date.now, logger }, bus, config),
      publishTimeoutMs,
      'JetStream',
    );
    if (outcome === 'lost_race')
      throw new CommandFailure('somebody else published at the same moment: try again');
    await context.out(outcome === 'unchanged' ? `${file} is in force already\n` : `${file} is in force\n`);
    return exitCodes.done;
  },
};

const readHeaders = (items: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    items.map((item) => {
      const split = item.indexOf(':');
      if (split < 1) throw new UsageError(`--header ${item}: expected name:value`);
      return [item.slice(0, split).trim().toLowerCase(), item.slice(split + 1).trim()];
    }),
  );

const explainOptions = {
  config: textOption,
  model: textOption,
  tier: textOption,
  header: listOption,
  json: flagOption,
};

export const explainCommand: Command = {
  name: 'explain',
  summary: 'which route and upstreams a request would get, and why',
  help: `weir explain <method> <path> [--config <weir.yaml>] [--model <name>] [--tier <name>] [--header <name:value>]

Without --config it asks for the configuration that is in force, over NATS (NATS_URL).
  --header          may be repeated
  --json            { "explanation": … }`,
  run: async (args, context) => {
    const read = readArguments(args, explainOptions, 2);
    const [method, path] = read.words;
    if (method === undefined || path === undefined)
      throw new UsageError('weir explain: which method and path?');
    const file = read.text('config');
    const config = file === undefined ? await readConfigInForce(context) : await load(file, context);
    const model = read.text('model');
    const tier = read.text('tier');
    const explanation = explainRoute(config, {
      method: method.toUpperCase(),
      path,
      // Commas are part of a header's value.
      headers: readHeaders(read.all('header')),
      ...(model === undefined ? {} : { model }),
      ...(tier === undefined ? {} : { tier }),
    });
    await context.out(read.flag('json') ? `${JSON.stringify({ explanation })}\n` : `${explanation}\n`);
    return exitCodes.done;
  },
};
