import type { Api } from '../envelope.ts';
import { routeSchema } from './route-schema.ts';
import type { RouteConfig, RouteMatchConfig } from './weir-config.ts';

const builtin = (name: string, api: Api, match: RouteMatchConfig): RouteConfig =>
  routeSchema.parse({ name, api, match });

const post = (path: string): RouteMatchConfig => ({ path, methods: ['POST'] });

/** The routes that exist without being configured. */
export const builtinRoutes: readonly RouteConfig[] = [
  builtin('openai-chat', 'openai.chat', post('/v1/chat/completions')),
  builtin('openai-completions', 'openai.completions', post('/v1/completions')),
  builtin('openai-embeddings', 'openai.embeddings', post('/v1/embeddings')),
  builtin('openai-responses', 'openai.responses', post('/v1/responses')),
  builtin('openai-models', 'openai.models', { path: '/v1/models', methods: ['GET'] }),
  builtin('openai-model', 'openai.models', { pathPrefix: '/v1/models/', methods: ['GET'] }),
  builtin('anthropic-messages', 'anthropic.messages', post('/v1/messages')),
  builtin('anthropic-count-tokens', 'anthropic.count_tokens', post('/v1/messages/count_tokens')),
  builtin('generic', 'generic', post('/inference')),
];

/** The routes given, then the built-in ones whose names are not taken. */
export const withBuiltinRoutes = (routes: readonly RouteConfig[]): readonly RouteConfig[] => {
  const taken = new Set(routes.map((route) => route.name));
  return [...routes, ...builtinRoutes.filter((route) => !taken.has(route.name))];
};
