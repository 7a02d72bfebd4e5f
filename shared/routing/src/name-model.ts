import type { MatchedRoute } from './match-route.ts';

export type NamedModel =
  | {
      readonly outcome: 'named';
      /** Empty when nothing names one. */
      readonly model: string;
      /** Lower-case name of the header that names it, alone or beside the body. Absent: none does. */
      readonly header?: string;
    }
  | {
      readonly outcome: 'contradicted';
      readonly header: string;
      readonly byHeader: string;
      readonly byBody: string;
    };

/**
 * The model of a request. Where body and header name different ones nobody could say which of the two an upstream would
 * serve, and so whether the key may use it and what it costs.
 */
export const nameModel = (
  { route, pathModel = '' }: Pick<MatchedRoute, 'route' | 'pathModel'>,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  byBody = '',
): NamedModel => {
  const model = byBody === '' ? pathModel : byBody;
  const header = route.modelHeader;
  if (header === undefined) return { outcome: 'named', model };
  const byHeader = headers[header];
  if (typeof byHeader !== 'string' || byHeader === '') return { outcome: 'named', model };
  if (byBody !== '' && byBody !== byHeader) return { outcome: 'contradicted', header, byHeader, byBody };
  return pathModel === '' ? { outcome: 'named', model: byHeader, header } : { outcome: 'named', model };
};
