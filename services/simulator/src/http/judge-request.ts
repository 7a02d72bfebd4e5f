import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange, Problem } from '../core/exchange.ts';
import { parseFault } from '../core/fault.ts';
import type { NamedFault, Simulation } from '../simulation.ts';
import { type Endpoint, readHeader } from './endpoint.ts';
import type { ReadBody } from './read-body.ts';

export type Judgement =
  | { readonly outcome: 'accepted'; readonly exchange: Exchange; readonly fault: NamedFault | undefined }
  | { readonly outcome: 'refused'; readonly status: number; readonly problem: Problem };

const refuse = (status: number, message: string, param: string | null = null): Judgement => ({
  outcome: 'refused',
  status,
  problem: { message, param },
});

export const isAuthorized = (apiKey: string | undefined, headers: IncomingHttpHeaders): boolean =>
  apiKey === undefined ||
  headers.authorization === `Bearer ${apiKey}` ||
  readHeader(headers, 'x-api-key') === apiKey;

type ChosenFault = { readonly fault: NamedFault | undefined } | { readonly problem: string };

/** A header asks for its own fault; without one the configured fault may strike. */
const chooseFault = (simulation: Simulation, headers: IncomingHttpHeaders): ChosenFault => {
  const name = readHeader(headers, 'x-sim-fault') ?? readHeader(headers, 'x-return-error');
  if (name === undefined) return { fault: simulation.takeFault() };
  const parsed = parseFault(name);
  return parsed.outcome === 'parsed' ? { fault: { name, fault: parsed.fault } } : { problem: parsed.problem };
};

export const judgeRequest = (
  simulation: Simulation,
  endpoint: Endpoint,
  headers: IncomingHttpHeaders,
  read: Exclude<ReadBody, { outcome: 'gone' }>,
): Judgement => {
  if (read.outcome === 'too_large') return refuse(413, 'The request is too large.');
  if (!isAuthorized(simulation.settings.apiKey, headers)) return refuse(401, 'Incorrect API key provided.');
  if (read.outcome === 'not_json') return refuse(400, 'The body of the request could not be parsed as JSON.');
  const prepared = endpoint.prepare(read.body, simulation.planning());
  if (prepared.outcome === 'invalid') return { outcome: 'refused', status: 400, problem: prepared.problem };
  const { exchange } = prepared;
  if (!simulation.knowsModel(exchange.model)) {
    return refuse(
      404,
      `The model '${exchange.model}' does not exist or you do not have access to it.`,
      'model',
    );
  }
  const chosen = chooseFault(simulation, headers);
  if ('problem' in chosen) return refuse(400, chosen.problem, 'x-sim-fault');
  return { outcome: 'accepted', exchange, fault: chosen.fault };
};
