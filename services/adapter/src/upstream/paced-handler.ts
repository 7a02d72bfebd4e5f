import type { Dispatcher } from 'undici';

type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;

/** A socket may hand over 2 MB in one turn of the event loop: to read so many embeddings alone takes 20 ms. */
export const turnBytes = 256 * 1024;

/** Goes on when neither the handler nor the pace holds it up. */
class PacedController implements Controller {
  #inner: Controller;
  #held = false;
  #waits = false;
  #bytes = 0;

  constructor(inner: Controller) {
    this.#inner = inner;
  }

  get aborted(): boolean {
    return this.#inner.aborted;
  }

  get paused(): boolean {
    return this.#held;
  }

  get reason(): Error | null {
    return this.#inner.reason;
  }

  abort(reason: Error): void {
    this.#inner.abort(reason);
  }

  pause(): void {
    this.#held = true;
    this.#inner.pause();
  }

  resume(): void {
    this.#held = false;
    if (!this.#waits) this.#inner.resume();
  }

  count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#waits || this.#bytes < turnBytes) return;
    this.#waits = true;
    this.#inner.pause();
    setImmediate(() => {
      this.#waits = false;
      this.#bytes = 0;
      if (!this.#held) this.#inner.resume();
    });
  }
}

/** Lets an answer have only so many bytes of one turn of the event loop. */
export const paceAnswer = (handler: Handler): Handler => {
  let paced: PacedController | undefined;
  const own = (controller: Controller): PacedController => {
    paced ??= new PacedController(controller);
    return paced;
  };
  return {
    onRequestStart: (controller, context) => {
      paced = new PacedController(controller);
      handler.onRequestStart?.(paced, context);
    },
    onResponseStart: (controller, status, headers, message) =>
      handler.onResponseStart?.(own(controller), status, headers, message),
    onResponseData: (controller, chunk) => {
      handler.onResponseData?.(own(controller), chunk);
      own(controller).count(chunk.byteLength);
    },
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(own(controller), trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(own(controller), error),
  };
};
