import type { EventScript } from '../core/exchange.ts';
import { type Cut, createFaultGate, type FaultGate, isCutFault } from '../core/fault-gate.ts';
import { type Reply, type ReplyInput, tellsUsage } from './reply.ts';

/** Tokens written at once when more are released than written; bounds what a slow client makes us hold. */
const maxBatchTokens = 256;

export class StreamReply implements Reply {
  usageSent = false;
  readonly #input: ReplyInput;
  readonly #gate: FaultGate | undefined;
  #script: EventScript | undefined;
  #sent = 0;
  #released = 0;
  #isBlocked = false;
  #isOver = false;
  /** Events that were let through but not yet written. */
  #text = '';
  #passedEvents = 0;
  #cut: Cut | undefined;

  constructor(input: ReplyInput) {
    this.#input = input;
    this.#gate = isCutFault(input.fault) ? createFaultGate(input.fault) : undefined;
    input.outlet.onDrain(() => {
      this.#isBlocked = false;
      this.#pump();
    });
  }

  advance(generated: number, cachedTokens: number): void {
    this.#released = generated;
    if (this.#script === undefined) this.#open(cachedTokens);
    this.#pump();
  }

  countTokens(): number {
    return this.#sent;
  }

  #open(cachedTokens: number): void {
    const { exchange, outlet, fault, headers, reportUsage } = this.#input;
    this.#script = exchange.script?.(reportUsage(cachedTokens));
    const isWrong = fault?.kind === 'wrong-content-type';
    outlet.begin(200, {
      ...headers(),
      'content-type': isWrong ? 'text/html; charset=utf-8' : 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    for (const event of this.#script?.open() ?? []) this.#pass(event, false);
  }

  #pass(event: string, isClosing: boolean): void {
    if (this.#cut !== undefined) return;
    const passage = this.#gate?.pass(event, isClosing);
    if (passage?.outcome === 'cut') {
      this.#cut = passage.how;
      return;
    }
    this.#text += passage?.text ?? event;
    this.#passedEvents += 1;
    if (isClosing && tellsUsage(event)) this.usageSent = true;
  }

  #passTokens(script: EventScript): void {
    const end = Math.min(this.#released, this.#sent + maxBatchTokens);
    while (this.#sent < end && this.#cut === undefined) {
      this.#pass(script.token(this.#sent), false);
      if (this.#cut === undefined) this.#sent += 1;
    }
  }

  #pump(): void {
    const script = this.#script;
    const { exchange, outlet, onEnd } = this.#input;
    while (script !== undefined && !this.#isOver && !this.#isBlocked && this.#sent < this.#released) {
      this.#passTokens(script);
      const isLast = this.#sent === exchange.outputTokens;
      if (isLast) for (const event of script.close()) this.#pass(event, true);
      const text = this.#text;
      this.#text = '';
      if (this.#cut !== undefined) this.#strike(script, this.#cut, text);
      else if (isLast) {
        this.#isOver = true;
        outlet.end(text);
        onEnd({ outcome: 'completed', status: 200 });
      } else this.#isBlocked = !outlet.write(text);
    }
  }

  #strike(script: EventScript, how: Cut, text: string): void {
    const { outlet, onEnd, onStall } = this.#input;
    this.#isOver = true;
    switch (how) {
      case 'stall':
        outlet.write(text);
        onStall();
        return;
      case 'reset':
        outlet.cut(text);
        break;
      case 'end':
        outlet.end(text);
        break;
      case 'fail':
        outlet.end(text + script.failure(this.#passedEvents).join(''));
        break;
    }
    onEnd({ outcome: 'faulted', status: 200 });
  }
}
