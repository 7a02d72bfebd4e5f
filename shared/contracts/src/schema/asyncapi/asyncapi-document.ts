import { buckets } from '../../subjects.ts';
import { type JsonObject, schemaPath, toComponents } from '../to-components.ts';
import { wireSchemas } from '../wire-schemas.ts';
import { channels, parameters, toChannel } from './channels.ts';
import { messages } from './messages.ts';
import { documentedServices, operationId, operations, toOperation } from './operations.ts';

const description = `The bus of a Weir mesh. A request travels forward, hop by hop, in an envelope;
the answer goes straight from the adapter to the ingress as packets of frames.
Integers in binary messages are big-endian. Readers ignore JSON fields that they do not know.`;

const mapValues = <Value, Result>(record: Readonly<Record<string, Value>>, map: (value: Value) => Result) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

/** AsyncAPI 3.0 of everything that travels over the bus. https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
export const asyncApiDocument = (): JsonObject => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Weir mesh',
    version: '1.0.0',
    description,
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    tags: documentedServices.map((name) => ({ name })),
  },
  id: 'urn:io:weir:mesh:v1',
  servers: {
    mesh: {
      host: '{host}',
      protocol: 'nats',
      description: 'nats-server 2.12 or later with JetStream.',
      variables: { host: { default: '127.0.0.1:4222' } },
    },
  },
  channels: mapValues(channels, toChannel),
  operations: Object.fromEntries(operations.map((spec) => [operationId(spec), toOperation(spec)])),
  components: { schemas: toComponents(wireSchemas, 'draft-7'), messages, parameters },
  'x-weir-key-value': {
    [buckets.config]: { current: 'The configuration in force, JSON; see weir.schema.json.' },
    [buckets.keys]: {
      description: 'Organisations, teams and keys: `org.<org>`, `team.<org>.<team>`, `key.<org>.<id>`.',
      value: { $ref: schemaPath('TenantRecord') },
    },
    [buckets.prices]: { description: 'Imported price books.' },
    [buckets.secrets]: { description: 'Secrets of the mesh. For its services only.' },
    [buckets.traffic]: {
      description: 'How far the canary of each route has come, by the name of the route.',
      value: { $ref: schemaPath('CanaryState') },
    },
    [buckets.leases]: { description: 'Which replica does what only one should.' },
    [buckets.checkpoints]: { description: 'How far readers of the ledger have come. `sink.<name>`: a sink.' },
  },
});
