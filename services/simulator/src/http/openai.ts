import { prepareChat } from '../core/openai/chat-request.ts';
import { prepareCompletions } from '../core/openai/completions.ts';
import { prepareEmbeddings } from '../core/openai/embeddings.ts';
import { prepareResponses } from '../core/openai/responses-request.ts';
import type { Endpoint } from './endpoint.ts';

export const openAiEndpoints: Readonly<Record<string, Endpoint>> = {
  '/v1/chat/completions': { api: 'openai.chat', family: 'openai', prepare: prepareChat },
  '/v1/completions': { api: 'openai.completions', family: 'openai', prepare: prepareCompletions },
  '/v1/embeddings': { api: 'openai.embeddings', family: 'openai', prepare: prepareEmbeddings },
  '/v1/responses': { api: 'openai.responses', family: 'openai', prepare: prepareResponses },
};
