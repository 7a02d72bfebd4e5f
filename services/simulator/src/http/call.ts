import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallOutcome, CallRecord, CallUpdate } from '../core/call-log.ts';
import type { Exchange, Problem } from '../core/exchange.ts';
import type { Simulation } from '../simulation.ts';
import { type Endpoint, readHeader } from './endpoint.ts';
import { buildErrorBody, type HeaderFields, sendJson } from './send.ts';

/** One call while it is served: its record in the books, its times, and the headers that every answer has. */
export class Call {
  readonly requestId: string;
  readonly attempt: string | undefined;
  readonly startedAt: number;
  readonly simulation: Simulation;
  readonly endpoint: Endpoint;
  readonly response: ServerResponse;
  #record: CallRecord | undefined;

  constructor(
    simulation: Simulation,
    endpoint: Endpoint,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    this.simulation = simulation;
    this.endpoint = endpoint;
    this.response = response;
    this.startedAt = simulation.now();
    this.requestId = readHeader(request.headers, 'x-request-id') ?? simulation.mintId();
    this.attempt = readHeader(request.headers, 'x-weir-attempt');
  }

  elapsedMs(): number {
    return this.simulation.now() - this.startedAt;
  }

  /** Enters the call into the books. */
  open(exchange: Exchange | undefined, fault: string | undefined): void {
    this.#record = this.simulation.log.begin({
      id: this.requestId,
      ...(this.attempt === undefined ? {} : { attempt: this.attempt }),
      api: this.endpoint.api,
      model: exchange?.model ?? '',
      stream: exchange?.script !== undefined,
      startedAt: Date.now(),
      ...(fault === undefined ? {} : { fault }),
    });
  }

  note(update: Pick<CallUpdate, 'status' | 'promptTokens' | 'usageSent'>): void {
    if (this.#record !== undefined) this.simulation.log.update(this.#record, update);
  }

  close(outcome: CallOutcome, status: number, completionTokens: number): void {
    if (this.#record === undefined) return;
    this.simulation.log.update(this.#record, { outcome, status, completionTokens, endedAt: Date.now() });
  }

  /** The client left. Also after the last token: what it did not read was not delivered. */
  abort(completionTokens: number): void {
    if (this.#record === undefined || this.#record.outcome === 'faulted') return;
    const at = Date.now();
    this.simulation.log.update(this.#record, {
      outcome: 'aborted',
      completionTokens,
      endedAt: at,
      abortedAt: at,
    });
  }

  headers(): HeaderFields {
    const idName = this.endpoint.family === 'anthropic' ? 'request-id' : 'x-request-id';
    const own = { [idName]: this.requestId, 'x-sim-instance': this.simulation.settings.instance };
    return this.endpoint.family === 'anthropic'
      ? own
      : { ...own, 'openai-processing-ms': Math.round(this.elapsedMs()) };
  }

  buildError(status: number, problem: Problem): unknown {
    return buildErrorBody(this.endpoint.family, status, problem, this.requestId);
  }

  sendError(status: number, problem: Problem, headers: HeaderFields = {}): void {
    sendJson(this.response, status, this.buildError(status, problem), { ...this.headers(), ...headers });
  }
}
