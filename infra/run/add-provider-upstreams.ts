import { parseDocument } from 'yaml';

type Environment = Readonly<Record<string, string | undefined>>;

interface ProviderUpstream {
  readonly name: string;
  readonly keyVariable: string;
  readonly upstream: {
    readonly provider: 'openai' | 'anthropic';
    readonly targets: readonly string[];
    readonly models: readonly string[];
    readonly credentials: { readonly fromEnv: string };
  };
}

const providerUpstreams: readonly ProviderUpstream[] = [
  {
    name: 'openai',
    keyVariable: 'OPENAI_API_KEY',
    upstream: {
      provider: 'openai',
      targets: ['https://api.openai.com'],
      models: ['gpt-*', 'chatgpt-*', 'o1*', 'o3*', 'o4*', 'text-embedding-*'],
      credentials: { fromEnv: 'OPENAI_API_KEY' },
    },
  },
  {
    name: 'anthropic',
    keyVariable: 'ANTHROPIC_API_KEY',
    upstream: {
      provider: 'anthropic',
      targets: ['https://api.anthropic.com'],
      models: ['claude-*'],
      credentials: { fromEnv: 'ANTHROPIC_API_KEY' },
    },
  },
];

export type DerivedConfig =
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'extended'; readonly yaml: string; readonly added: readonly string[] };

/**
 * Adds the upstreams of those providers whose key is in the environment, unless the configuration names one
 * of its own so. They come first: where the simulator would take any model, the real provider is preferred.
 */
export const addProviderUpstreams = (yaml: string, env: Environment): DerivedConfig => {
  const document = parseDocument(yaml);
  const wanted = providerUpstreams.filter(
    ({ name, keyVariable }) => (env[keyVariable] ?? '') !== '' && !document.hasIn(['upstreams', name]),
  );
  if (wanted.length === 0) return { outcome: 'unchanged' };
  const present = (document.toJS() as { upstreams?: Record<string, unknown> }).upstreams ?? {};
  const added = Object.fromEntries(wanted.map(({ name, upstream }) => [name, upstream]));
  document.set('upstreams', document.createNode({ ...added, ...present }));
  return { outcome: 'extended', yaml: document.toString(), added: wanted.map(({ name }) => name) };
};
