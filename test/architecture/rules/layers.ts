import { isTest, type SourceFile } from '../source-file.ts';

/** The workspaces that each may import. Services, which are not named here, may import all of `forServices`. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  json: [],
  tokens: [],
  routing: ['contracts'],
  pricing: ['contracts'],
  limits: ['contracts'],
  ledger: ['contracts'],
  messaging: ['contracts'],
  runtime: ['contracts', 'messaging'],
  testing: ['contracts', 'messaging', 'infra'],
  // Is those services, in one process.
  'all-in-one': ['runtime', 'ingress', 'policy', 'scheduler', 'adapter'],
  // `npm run bench` starts what is in test/bench.
  infra: ['contracts', 'runtime', 'test'],
};
const forServices = [
  'contracts',
  'json',
  'ledger',
  'limits',
  'messaging',
  'pricing',
  'routing',
  'runtime',
  'tokens',
];

/** Each package from outside has its place; one that is not named here is a decision to record first. */
const packageOwners: readonly (readonly [name: string, ...owners: string[]])[] = [
  ['@nats-io/', 'shared/messaging/', 'examples/'],
  ['@opentelemetry/', 'shared/runtime/'],
  ['fastify', 'services/ingress/', 'services/admin/'],
  ['gpt-tokenizer', 'shared/tokens/'],
  ['ioredis', 'services/policy/'],
  ['pg', 'services/exporter/', 'services/cli/'],
  ['pino', 'shared/runtime/'],
  ['prom-client', 'shared/runtime/'],
  ['temporal-polyfill', 'shared/limits/'],
  ['undici', 'services/adapter/', 'services/exporter/'],
  ['yaml', 'shared/runtime/', 'infra/'],
  ['testcontainers', 'infra/run/'],
  ['zod', 'shared/contracts/src/config/', 'shared/contracts/src/schema/'],
];

/** `ingress` for `services/ingress/src/main.ts`, `infra` and `test` for what is there. */
const workspaceOf = (path: string): string => {
  const [root = '', name = ''] = path.split('/');
  return root === 'shared' || root === 'services' ? name : root;
};

const packageOf = (specifier: string): string => {
  const [scope = '', name = ''] = specifier.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
};

const targetOf = ({ specifier, resolved }: SourceFile['imports'][number]): string | undefined => {
  if (resolved !== undefined) return workspaceOf(resolved);
  return specifier.startsWith('@weir/') ? specifier.split('/')[1] : undefined;
};

const offenders = (
  files: readonly SourceFile[],
  problemOf: (file: SourceFile, one: SourceFile['imports'][number]) => string | undefined,
): string[] =>
  files.flatMap((file) =>
    file.imports.flatMap((one) => {
      const problem = problemOf(file, one);
      return problem === undefined ? [] : [`${file.path}:${one.line} ${problem}`];
    }),
  );

/** Floors between workspaces; services never import each other, but for the one that is several. Tests in `test/` may import anything. */
export const findUpwardImports = (files: readonly SourceFile[]): string[] =>
  offenders(files, (file, one) => {
    const own = workspaceOf(file.path);
    const target = targetOf(one);
    if (target === undefined || target === own || own === 'test' || target === 'testing') return undefined;
    const allowed = mayImport[own] ?? forServices;
    return allowed.includes(target) ? undefined : `${own} imports ${target}`;
  });

export const findTestingInProduction = (files: readonly SourceFile[]): string[] =>
  offenders(files, (file, one) => {
    const own = workspaceOf(file.path);
    if (targetOf(one) !== 'testing' || isTest(file) || own === 'testing' || own === 'test') return undefined;
    return 'imports @weir/testing';
  });

/** Tests may use more, such as an oracle or an official client. */
export const findStrayPackages = (files: readonly SourceFile[]): string[] =>
  offenders(files, (file, { specifier }) => {
    const isOurs = specifier.startsWith('.') || specifier.startsWith('@weir/');
    if (isOurs || specifier.startsWith('node:') || isTest(file) || file.path.startsWith('test/'))
      return undefined;
    const name = packageOf(specifier);
    const owner = packageOwners.find(
      ([owned]) => name === owned || (owned.endsWith('/') && name.startsWith(owned)),
    );
    if (owner?.slice(1).some((folder) => file.path.startsWith(folder))) return undefined;
    return `imports ${name}, which ${owner ? `belongs to ${owner.slice(1).join(' and ')}` : 'belongs to nobody yet'}`;
  });

/** handlers, http, providers, stores ◀ service.ts ◀ main.ts; `index.ts` is what the simulator shows to tests. */
export const findImportsOfRoots = (files: readonly SourceFile[]): string[] =>
  offenders(files, (file, { resolved }) => {
    if (resolved === undefined || isTest(file)) return undefined;
    const imported = /^services\/[^/]+\/src\/(main|service)\.ts$/.exec(resolved)?.[1];
    if (imported === undefined) return undefined;
    const isRoot = /^services\/[^/]+\/src\/(main|index)\.ts$/.test(file.path);
    return imported === 'service' && isRoot ? undefined : `imports ${imported}.ts`;
  });

const providerFolder = /^services\/adapter\/src\/providers\/[^/]+\//;

/** A new provider touches its own folder and the registry. */
export const findProviderNamesOutside = (files: readonly SourceFile[]): string[] =>
  offenders(files, (file, { specifier, resolved }) => {
    if (resolved === undefined || !providerFolder.test(resolved) || isTest(file)) return undefined;
    const mayKnow =
      file.path === 'services/adapter/src/providers/registry.ts' || providerFolder.test(file.path);
    return mayKnow ? undefined : `imports one provider, ${specifier}`;
  });
