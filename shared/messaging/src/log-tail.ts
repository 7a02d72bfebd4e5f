import {
  createLogReader,
  type LogInfo,
  type LogMessage,
  type LogRead,
  type LogReader,
} from './log-reader.ts';
import type { NatsBus } from './nats-bus.ts';

export interface LogTailOptions {
  readonly bus: NatsBus;
  readonly stream: string;
  /** Sequence of the first message that is wanted. 1 is the start of the log. */
  readonly from: number;
  /** Epoch that `from` is a sequence of. Absent: that of the stream as it is found. */
  readonly epoch?: string;
  /** Subject, or pattern of subjects. Absent: all. */
  readonly subject?: string;
  /** Pause when there was nothing more, which is what an idle tail costs. Default 200. */
  readonly pauseMs?: number;
  /** Up to 256 messages, in order, at least one. The next ones come when what this returns has resolved. */
  readonly onMessages: (messages: readonly LogMessage[]) => void | Promise<void>;
  /**
   * Nothing is followed from here on: messages are missing, the stream is another one, or `onMessages` threw.
   * A stream that only does not answer is not an error: the tail waits for it.
   */
  readonly onError: (error: Error) => void;
}

export interface LogTail {
  /** As it was when the tail began. */
  readonly info: LogInfo;
  /** Sequence of the last message that `onMessages` has dealt with; one below `from` when there was none. */
  readonly position: number;
  /** True, or why the stream cannot be read at the moment. */
  status(): true | string;
  /** Resolves when nothing more will be handed over. */
  stop(): Promise<void>;
}

const defaultPauseMs = 200;
/** How often it is made sure that the stream is still the same. */
const epochCheckMs = 5_000;

const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

const gapOf = (messages: readonly LogMessage[], from: number): string | undefined => {
  let expected = from;
  for (const { sequence } of messages) {
    if (sequence !== expected) return `expected message ${expected}, found ${sequence}`;
    expected += 1;
  }
  return undefined;
};

class Tail implements LogTail {
  readonly info: LogInfo;
  position: number;
  #options: LogTailOptions;
  #reader: LogReader;
  #status: true | string = true;
  #stopping = new AbortController();
  #checkAt = 0;
  #following: Promise<void>;

  constructor(options: LogTailOptions, reader: LogReader, info: LogInfo) {
    this.info = info;
    this.position = options.from - 1;
    this.#options = options;
    this.#reader = reader;
    this.#checkAt = performance.now() + epochCheckMs;
    this.#following = this.#follow()
      .catch((thrown) => options.onError(toError(thrown)))
      .finally(() => reader.close());
  }

  status(): true | string {
    return this.#status;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { stream, subject, onMessages } = this.#options;
    while (!this.#stopping.signal.aborted) {
      if (performance.now() >= this.#checkAt && !(await this.#isSame())) continue;
      const read = await this.#read();
      if (this.#stopping.signal.aborted) return;
      const last = read?.messages.at(-1);
      if (read && last) {
        const gap = subject === undefined ? gapOf(read.messages, this.position + 1) : undefined;
        if (gap !== undefined) throw new Error(`messages of stream ${stream} are missing: ${gap}`);
        await onMessages(read.messages);
        this.position = last.sequence;
      }
      if (!read?.pending) await this.#pause();
    }
  }

  async #read(): Promise<Extract<LogRead, { outcome: 'read' }> | undefined> {
    const { subject } = this.#options;
    const from = this.position + 1;
    const read = await this.#reader.read({ from, ...(subject === undefined ? {} : { subject }) });
    if (read.outcome === 'read') {
      this.#status = true;
      return read;
    }
    this.#status = read.why;
    // It may be gone, or another one by now.
    this.#checkAt = 0;
    return undefined;
  }

  /** False: it could not be found out. */
  async #isSame(): Promise<boolean> {
    const { stream } = this.#options;
    const found = await this.#reader.info().catch((error: unknown) => toError(error));
    if (found instanceof Error) {
      this.#status = found.message;
      await this.#pause();
      return false;
    }
    if (found.epoch !== this.info.epoch) {
      throw new Error(`stream ${stream} is another one: created ${found.epoch}, expected ${this.info.epoch}`);
    }
    this.#checkAt = performance.now() + epochCheckMs;
    return true;
  }

  #pause(): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, this.#options.pauseMs ?? defaultPauseMs);
      signal.addEventListener('abort', done);
    });
  }
}

const assertReadable = ({ stream, from, epoch }: LogTailOptions, info: LogInfo): void => {
  if (epoch !== undefined && epoch !== info.epoch) {
    throw new Error(`stream ${stream} is another one: created ${info.epoch}, expected ${epoch}`);
  }
  if (from > info.last + 1) {
    throw new Error(
      `stream ${stream} ends at ${info.last}, and is to be read from ${from}: it has lost messages`,
    );
  }
  if (from < info.first && info.first > 1) {
    throw new Error(`stream ${stream} begins at ${info.first}, and is to be read from ${from}`);
  }
};

/**
 * Follows a stream from a sequence on, some hundred milliseconds behind it, without acknowledgements: whoever reads
 * keeps the position with what it made of the messages. Rejects when there is no JetStream or no such stream, or
 * when the stream does not have what is to be read.
 */
export const followLog = async (options: LogTailOptions): Promise<LogTail> => {
  const reader = createLogReader(options.bus, options.stream);
  try {
    const info = await reader.info();
    assertReadable(options, info);
    return new Tail(options, reader, info);
  } catch (error) {
    reader.close();
    throw error;
  }
};
