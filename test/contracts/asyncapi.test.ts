import { Parser } from '@asyncapi/parser';
import { subjects } from '@weir/contracts';
import { asyncApiDocument, channels } from '@weir/contracts/schema';
import { replySettings } from '@weir/messaging';
import { describe, expect, test } from 'vitest';
import { readGenerated } from './generated-file.ts';

const current = `${JSON.stringify(asyncApiDocument(), undefined, 2)}\n`;
const errorSeverity = 0;
const warningSeverity = 1;

const problemsOf = async (text: string): Promise<string[]> => {
  const { diagnostics } = await new Parser().parse(text);
  return diagnostics
    .filter(({ severity }) => severity === errorSeverity || severity === warningSeverity)
    .map(({ message, path }) => `${path.join('.')}: ${message}`);
};

// After a change of schemas or subjects: UPDATE=1 npx vitest run test/contracts
test('the AsyncAPI document that is checked in is the one that the code makes', () => {
  expect(readGenerated('asyncapi.json', current)).toBe(current);
});

// The parser compiles its rules at the first document, which takes seconds.
describe('the AsyncAPI parser', { timeout: 60_000 }, () => {
  test('finds no error and no warning', async () => {
    expect(await problemsOf(current)).toEqual([]);
  });

  test('finds a reference to a schema that does not exist', async () => {
    const broken = current.replace('"#/components/schemas/LoadReport"', '"#/components/schemas/Nothing"');
    expect(await problemsOf(broken)).not.toEqual([]);
  });

  test('finds an operation on a channel that does not exist', async () => {
    const broken = current.replace('"#/channels/admit"', '"#/channels/nothing"');
    expect(await problemsOf(broken)).not.toEqual([]);
  });

  test('reads the subjects, their parameters and the queue groups', async () => {
    const { document } = await new Parser().parse(current);
    const reply = document?.channels().get('reply');
    expect(reply?.address()).toBe('weir.v1.reply.{ingress}.{request}');
    expect(
      reply
        ?.parameters()
        .all()
        .map((parameter) => parameter.id()),
    ).toEqual(['ingress', 'request']);
    const receive = document?.operations().get('policy-receive-admit');
    expect(receive?.bindings().get('nats')?.value()).toMatchObject({ queue: 'policy' });
  });
});

type AnyBuilder = (...tokens: readonly string[]) => string;

const alertShape = subjects.alert({ org: 'any', budget: 'any', period: 'any', threshold: 'any' });

/** Every subject with `*` for what varies. */
const subjectShapes = (): string[] =>
  Object.values(subjects).map((subject) => {
    if (subject === subjects.alert) return alertShape.replaceAll('.any', '.*');
    const built = typeof subject === 'string' ? subject : (subject as AnyBuilder)(...Array(4).fill('any'));
    return built.replaceAll('.any', '.*');
  });

interface ChannelDocument {
  readonly address: string | null;
  readonly 'x-weir-subscription'?: string;
  readonly 'x-weir-jetstream'?: { readonly subjects: readonly string[] };
}

const documentedShapes = (): string[] => {
  const { channels: documents } = JSON.parse(current) as { channels: Record<string, ChannelDocument> };
  return Object.values(documents)
    .flatMap((channel) => [
      channel.address ?? [],
      channel['x-weir-subscription'] ?? [],
      channel['x-weir-jetstream']?.subjects ?? [],
    ])
    .flat()
    .map((subject) => subject.replace(/\{[a-z]+\}/g, '*'));
};

test('every subject of the mesh is in the document, and no other', () => {
  expect(new Set(documentedShapes())).toEqual(new Set(subjectShapes()));
});

test('the flow control that is documented is the one that both ends use', () => {
  expect(replySettings).toMatchObject(channels.reply.extensions['x-weir-flow-control']);
});
