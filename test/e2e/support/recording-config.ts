import { demoKey, type MeshOptions } from '@weir/testing';

/** The provider's key that the adapter finds in its environment. */
export const providerKey = 'sk-of-the-provider';

const credentials = { fromEnv: 'E2E_PROVIDER_KEY' };

/** A mesh whose every upstream is the recording one, each as another kind of provider. `rules` go to the top of its configuration. */
export const recordingMesh = (url: string, rules: object = {}): MeshOptions => ({
  env: { E2E_PROVIDER_KEY: providerKey },
  config: {
    version: 1,
    ...rules,
    upstreams: {
      'rec-openai': {
        provider: 'openai-compatible',
        targets: [`${url}/v1`],
        models: ['rec-model'],
        aliases: { nick: 'rec-model' },
        credentials,
        forwardHeaders: ['x-custom-*'],
      },
      'rec-anthropic': {
        provider: 'anthropic',
        targets: [url],
        models: ['rec-claude'],
        aliases: { 'nick-claude': 'rec-claude' },
        credentials,
      },
      'rec-generic': { provider: 'generic', targets: [url], models: ['rec-generic'], credentials },
    },
    tenants: [{ org: 'e2e', keys: [demoKey.entry] }],
  },
});
