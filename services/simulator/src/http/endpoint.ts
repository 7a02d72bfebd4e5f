import type { IncomingHttpHeaders } from 'node:http';
import type { Api } from '@weir/contracts';
import type { Prepare } from '../core/exchange.ts';

/** Decides the shape of errors and the names of headers. */
export type Family = 'openai' | 'anthropic';

export interface Endpoint {
  readonly api: Api;
  readonly family: Family;
  readonly prepare: Prepare;
}

/** The first value of a header, which node joins or lists as it sees fit. */
export const readHeader = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};
