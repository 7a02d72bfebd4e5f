import type { ServerResponse } from 'node:http';
import { createByteSplitter } from '../core/split-bytes.ts';
import type { HeaderFields } from './send.ts';

/** Where the bytes of one answer go. */
export interface Outlet {
  begin(status: number, headers: HeaderFields): void;
  /** `false` asks to wait for a drain. */
  write(text: string): boolean;
  end(text: string): void;
  /** Writes, then breaks the connection without ending the answer. */
  cut(text: string): void;
  onDrain(listener: () => void): void;
}

const createPlainOutlet = (response: ServerResponse): Outlet => ({
  begin: (status, headers) => {
    response.writeHead(status, headers);
  },
  write: (text) => text === '' || response.write(text),
  end: (text) => {
    response.end(text);
  },
  cut(text) {
    const destroy = (): void => {
      response.destroy();
    };
    if (text !== '') {
      response.write(text, destroy);
      return;
    }
    response.flushHeaders();
    // The head is handed to the socket in this turn, the break must come after it.
    setImmediate(destroy);
  },
  onDrain: (listener) => {
    response.on('drain', listener);
  },
});

/** One random piece a turn of the event loop, so that pieces leave as packets of their own. */
const createSplitOutlet = (response: ServerResponse, seed: number): Outlet => {
  const plain = createPlainOutlet(response);
  const splitter = createByteSplitter(seed);
  const encoder = new TextEncoder();
  const queue: Uint8Array[] = [];
  let ending: (() => void) | undefined;
  let pumping = false;
  const pump = (): void => {
    const piece = queue.shift();
    if (piece !== undefined) response.write(piece);
    if (queue.length > 0) {
      setImmediate(pump);
      return;
    }
    pumping = false;
    ending?.();
  };
  const enqueue = (pieces: readonly Uint8Array[]): void => {
    queue.push(...pieces);
    if (pumping) return;
    pumping = true;
    setImmediate(pump);
  };
  const enqueueLast = (text: string, then: () => void): void => {
    ending = then;
    const pieces = splitter.push(encoder.encode(text));
    enqueue([...pieces, ...splitter.flush()]);
  };
  return {
    ...plain,
    write(text) {
      enqueue(splitter.push(encoder.encode(text)));
      return true;
    },
    end: (text) => enqueueLast(text, () => plain.end('')),
    cut: (text) => enqueueLast(text, () => plain.cut('')),
  };
};

export const createOutlet = (response: ServerResponse, splitSeed: number | undefined): Outlet => {
  return splitSeed === undefined ? createPlainOutlet(response) : createSplitOutlet(response, splitSeed);
};
