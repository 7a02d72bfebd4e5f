import { readFile } from 'node:fs/promises';
import {
  connect,
  createInbox,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node';

/** As much of a rated event as a bill needs; docs/events.md has the rest. */
interface RatedEvent {
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly modelServed?: string;
    readonly modelRequested: string;
    readonly rating: { readonly currency: string };
    readonly delta: {
      readonly inputTokens: number;
      readonly outputTokens: number;
      readonly requests: number;
      readonly chargeNano: string;
    };
  };
}

interface Line {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  chargeNano: bigint;
}

/** Yours are two tables: events by (source, id), and sums, written in one transaction. */
class Bill {
  #known = new Set<string>();
  #lines = new Map<string, Line>();

  add({ source, id, type, data }: RatedEvent): void {
    const key = `${source} ${id}`;
    if (type !== 'io.weir.usage.rated.v1' || this.#known.has(key)) return;
    this.#known.add(key);
    const name = `${data.modelServed ?? data.modelRequested} ${data.rating.currency}`;
    const line = this.#lines.get(name) ?? { requests: 0, inputTokens: 0, outputTokens: 0, chargeNano: 0n };
    line.requests += data.delta.requests;
    line.inputTokens += data.delta.inputTokens;
    line.outputTokens += data.delta.outputTokens;
    line.chargeNano += BigInt(data.delta.chargeNano);
    this.#lines.set(name, line);
  }

  toJson(): string {
    const lines = [...this.#lines].map(([model, line]) => ({
      model,
      ...line,
      chargeNano: String(line.chargeNano),
    }));
    return JSON.stringify(lines);
  }
}

const pull = JSON.stringify({ batch: 100, expires: 5_000_000_000 });

/** Asks for a hundred records at a time, and waits up to five seconds for them. */
const follow = async (
  connection: NatsConnection,
  org: string,
  onRecord: (event: RatedEvent) => void,
  onBatch: () => void,
): Promise<void> => {
  const next = `$JS.API.CONSUMER.MSG.NEXT.LEDGER.billing-${org}`;
  for (;;) {
    const inbox = createInbox();
    const subscription = connection.subscribe(inbox, { max: 101, timeout: 10_000 });
    connection.publish(next, pull, { reply: inbox });
    for await (const message of subscription) {
      if (isEnd(message)) break;
      onRecord(message.json<RatedEvent>());
      // Only now: what is not acknowledged comes again.
      message.respond('+ACK');
      onBatch();
    }
  }
};

/** A status message: nothing (more) within the time, or too many pulls at once. */
const isEnd = (message: Msg): boolean => {
  const code = message.headers?.code ?? 0;
  if (code === 503) throw new Error('there is no such consumer: see infra/nats/tenant-user.ts');
  return code !== 0;
};

const env = (name: string, fallback: string): string => process.env[name] ?? fallback;

const nkeyFile = process.env['NATS_NKEY'];
const connection = await connect({
  servers: env('NATS_URL', '127.0.0.1:4222'),
  maxReconnectAttempts: -1,
  ...(nkeyFile === undefined
    ? {}
    : { authenticator: nkeyAuthenticator(Buffer.from((await readFile(nkeyFile, 'utf8')).trim())) }),
});
const bill = new Bill();
await follow(
  connection,
  env('ORG', 'demo'),
  (event) => bill.add(event),
  () => void process.stdout.write(`${bill.toJson()}\n`),
);
