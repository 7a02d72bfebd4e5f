import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Exchange } from '../core/exchange.ts';
import type { Fault } from '../core/fault.ts';
import type { FinishedReason } from '../core/metrics/vllm-metrics.ts';
import type { Pacer } from '../pacing/pacer.ts';
import type { Simulation } from '../simulation.ts';
import { answerEarlyFault } from './answer-early-fault.ts';
import { Call } from './call.ts';
import { type Endpoint, readHeader } from './endpoint.ts';
import { judgeRequest } from './judge-request.ts';
import { createOutlet } from './outlet.ts';
import { readJsonBody } from './read-body.ts';
import type { Reply, ReplyInput } from './reply.ts';
import { StreamReply } from './stream-reply.ts';
import { WholeReply } from './whole-reply.ts';

const readMs = (headers: IncomingHttpHeaders, name: string): number | undefined => {
  const text = readHeader(headers, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
};

const choosePace = (simulation: Simulation, headers: IncomingHttpHeaders) => {
  const ttftMs = readMs(headers, 'x-sim-ttft-ms');
  const itlMs = readMs(headers, 'x-sim-itl-ms');
  const { config } = simulation;
  const hasOwnPace = ttftMs !== undefined || itlMs !== undefined;
  return { hasOwnPace, pace: { ttftMs: ttftMs ?? config.ttftMs, itlMs: itlMs ?? config.itlMs } };
};

const refusals = {
  queue_full: { status: 429, message: 'Too many requests are waiting.' },
  too_long: { status: 400, message: "This model's maximum context length is exceeded." },
} as const;

/** One accepted call from its start to its last byte. */
class Service {
  readonly #call: Call;
  readonly #exchange: Exchange;
  readonly #reply: Reply;
  #queueMs = 0;
  #firstTokenMs: number | undefined;
  #lastTokenMs = 0;
  #isOver = false;
  #cancel = (): void => {};

  constructor(call: Call, exchange: Exchange, fault: Fault | undefined, splitSeed: number | undefined) {
    this.#call = call;
    this.#exchange = exchange;
    const { promptTokens, outputTokens } = exchange;
    const input: ReplyInput = {
      exchange,
      fault,
      outlet: createOutlet(call.response, splitSeed),
      reportUsage: (cachedTokens) =>
        fault?.kind === 'no-usage'
          ? undefined
          : { promptTokens, cachedTokens, completionTokens: outputTokens },
      headers: () => call.headers(),
      buildError: (status, message) => call.buildError(status, { message, param: null }),
      onEnd: ({ outcome, status }) => this.#end(outcome, status),
      onStall: () => this.#stall(),
    };
    this.#reply = exchange.script === undefined ? new WholeReply(input) : new StreamReply(input);
    call.response.on('close', () => this.#close());
  }

  start(pacer: Pacer, pace: { readonly ttftMs: number; readonly itlMs: number }): void {
    const call = this.#call;
    if (call.response.destroyed) return;
    const { promptTokens, outputTokens, priority, texts } = this.#exchange;
    call.note({ promptTokens });
    const started = pacer.start({
      promptTokens,
      outputTokens: Math.max(1, outputTokens),
      priority,
      texts,
      pace,
      onAdmitted: () => {
        this.#queueMs = call.elapsedMs();
      },
      onTokens: (generated, cachedTokens) => this.#advance(generated, cachedTokens),
    });
    if (started.outcome === 'started') {
      this.#cancel = started.cancel;
      // The pacer may have ended the call before it returned.
      if (this.#isOver) started.cancel();
      return;
    }
    const { status, message } = refusals[started.reason];
    this.#isOver = true;
    call.note({ promptTokens: 0 });
    call.sendError(status, { message, param: null }, status === 429 ? { 'retry-after': 1 } : {});
    call.close('rejected', status, 0);
  }

  delay(delayMs: number, start: () => void): void {
    const timer = setTimeout(start, delayMs);
    this.#cancel = () => clearTimeout(timer);
  }

  #advance(generated: number, cachedTokens: number): void {
    if (this.#isOver) return;
    const atMs = this.#call.elapsedMs();
    if (this.#firstTokenMs === undefined) this.#firstTokenMs = atMs;
    else this.#call.simulation.metrics.observeToken(atMs - this.#lastTokenMs);
    this.#lastTokenMs = atMs;
    this.#reply.advance(generated, cachedTokens);
  }

  #end(outcome: 'completed' | 'faulted', status: number): void {
    this.#isOver = true;
    this.#cancel();
    this.#call.note({ usageSent: this.#reply.usageSent });
    this.#call.close(outcome, status, this.#reply.countTokens());
    this.#observe(this.#exchange.finishedReason);
  }

  #stall(): void {
    this.#cancel();
    this.#call.note({ status: 200 });
  }

  /** The connection is gone. Unless everything was flushed before, the client left first. */
  #close(): void {
    const { response } = this.#call;
    if (response.writableFinished) return;
    this.#cancel();
    if (response.headersSent) this.#call.note({ status: response.statusCode });
    this.#call.abort(this.#reply.countTokens());
    if (!this.#isOver) this.#observe('abort');
    this.#isOver = true;
  }

  #observe(reason: FinishedReason): void {
    const { simulation } = this.#call;
    const firstTokenMs = this.#firstTokenMs;
    if (this.#exchange.outputTokens === 0) return;
    const completionTokens = this.#reply.countTokens();
    const totalMs = this.#call.elapsedMs();
    const times = {
      queueMs: this.#queueMs,
      firstTokenMs: firstTokenMs ?? totalMs,
      totalMs,
      completionTokens,
    };
    simulation.metrics.observeEnd(reason, reason === 'abort' ? undefined : times);
  }
}

export const serveInference = async (
  simulation: Simulation,
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const call = new Call(simulation, endpoint, request, response);
  const read = await readJsonBody(request, simulation.settings.maxBodyBytes);
  if (read.outcome === 'gone') return;
  const judgement = judgeRequest(simulation, endpoint, request.headers, read);
  if (judgement.outcome === 'refused') {
    call.open(undefined, undefined);
    const headers = read.outcome === 'too_large' ? { connection: 'close' } : {};
    call.sendError(judgement.status, judgement.problem, headers);
    call.close('rejected', judgement.status, 0);
    return;
  }
  const { exchange, fault } = judgement;
  call.open(exchange, fault?.name);
  if (fault !== undefined && answerEarlyFault(call, fault.fault)) return;
  const service = new Service(call, exchange, fault?.fault, readMs(request.headers, 'x-sim-split'));
  const { hasOwnPace, pace } = choosePace(simulation, request.headers);
  const start = (): void => service.start(simulation.pickPacer(hasOwnPace), pace);
  if (fault?.fault.kind === 'slow-start') service.delay(fault.fault.delayMs, start);
  else start();
};
