import { isCutFault } from '../core/fault-gate.ts';
import { type Reply, type ReplyInput, tellsUsage } from './reply.ts';
import { jsonType } from './send.ts';

/** Half of the answer: enough to have begun, not enough to parse. */
const halve = (text: string): string => text.slice(0, Math.floor(text.length / 2));

export class WholeReply implements Reply {
  usageSent = false;
  readonly #input: ReplyInput;
  #generated = 0;

  constructor(input: ReplyInput) {
    this.#input = input;
  }

  advance(generated: number, cachedTokens: number): void {
    const { exchange } = this.#input;
    this.#generated = Math.min(generated, exchange.outputTokens);
    if (generated < Math.max(1, exchange.outputTokens)) return;
    const body = JSON.stringify(exchange.whole(this.#input.reportUsage(cachedTokens)));
    const { fault } = this.#input;
    if (isCutFault(fault)) this.#sendFaulty(fault.kind, body);
    else this.#send(200, body, fault?.kind === 'wrong-content-type' ? 'text/html; charset=utf-8' : jsonType);
  }

  countTokens(): number {
    return this.#generated;
  }

  #begin(status: number, body: string, contentType: string): void {
    const { outlet, headers } = this.#input;
    const length = Buffer.byteLength(body);
    outlet.begin(status, { ...headers(), 'content-type': contentType, 'content-length': length });
  }

  #send(status: number, body: string, contentType: string): void {
    this.#begin(status, body, contentType);
    this.#input.outlet.end(body);
    this.usageSent = tellsUsage(body);
    this.#input.onEnd({ outcome: status === 200 ? 'completed' : 'faulted', status });
  }

  #sendFaulty(kind: string, body: string): void {
    const { outlet, buildError, onEnd, onStall } = this.#input;
    switch (kind) {
      case 'error-event':
        this.#send(500, JSON.stringify(buildError(500, 'injected fault')), jsonType);
        return;
      case 'stall-after':
        this.#begin(200, body, jsonType);
        outlet.write(halve(body));
        onStall();
        return;
      case 'reset-after':
        this.#begin(200, body, jsonType);
        outlet.cut(halve(body));
        onEnd({ outcome: 'faulted', status: 200 });
        return;
      case 'truncate':
        this.#begin(200, halve(body), jsonType);
        outlet.end(halve(body));
        onEnd({ outcome: 'faulted', status: 200 });
        return;
      default:
        this.#send(200, halve(body), jsonType);
    }
  }
}
