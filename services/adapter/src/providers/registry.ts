import type { Provider as ProviderName } from '@weir/contracts';
import { anthropicProvider } from './anthropic/provider.ts';
import { genericProvider } from './generic/provider.ts';
import { openaiCompatibleProvider, openaiProvider } from './openai/provider.ts';
import type { Provider } from './provider.ts';

/** The only place that knows which providers there are. */
export const providerRegistry: Readonly<Record<ProviderName, Provider>> = {
  openai: openaiProvider,
  'openai-compatible': openaiCompatibleProvider,
  anthropic: anthropicProvider,
  generic: genericProvider,
};
