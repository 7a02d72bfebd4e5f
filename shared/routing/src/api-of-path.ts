import type { Api } from '@weir/contracts';

/** How the paths of the APIs end, the longer before what they contain. */
const endings: readonly (readonly [ending: string, api: Api])[] = [
  ['/chat/completions', 'openai.chat'],
  ['/completions', 'openai.completions'],
  ['/embeddings', 'openai.embeddings'],
  ['/responses', 'openai.responses'],
  ['/models', 'openai.models'],
  ['/messages/count_tokens', 'anthropic.count_tokens'],
  ['/messages', 'anthropic.messages'],
];

const modelsSegment = '/models/';

/** The API that a path without query belongs to; `generic` when it says nothing. */
export const apiOfPath = (path: string): Api => {
  for (const [ending, api] of endings) if (path.endsWith(ending)) return api;
  return path.includes(modelsSegment) ? 'openai.models' : 'generic';
};

/** The path of an API when no route changes it. */
export const usualPath = (api: Api): string => {
  const ending = endings.find(([, one]) => one === api)?.[0];
  return ending === undefined ? '/inference' : `/v1${ending}`;
};

/** `/chat/completions` is what a prefix such as `/v1/openai` leaves over; upstreams know it as `/v1/chat/completions`. */
export const withVersion = (path: string): string => {
  const isBare = endings.some(([ending]) => path === ending) || path.startsWith(modelsSegment);
  return isBare ? `/v1${path}` : path;
};

/** The model id behind `/models/`, which may have slashes of its own. Undefined when there is none. */
export const modelOfPath = (path: string): string | undefined => {
  const start = path.indexOf(modelsSegment);
  const id = start < 0 ? '' : path.slice(start + modelsSegment.length);
  if (id === '') return undefined;
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
};
