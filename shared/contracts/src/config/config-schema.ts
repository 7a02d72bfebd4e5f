import * as z from 'zod';
import { exportSchema } from './export-schema.ts';
import { nameField } from './fields.ts';
import { listenersSchema } from './listener-schema.ts';
import { pricingSchema } from './pricing-schema.ts';
import { routeSchema } from './route-schema.ts';
import { tenantSchema } from './tenant-schema.ts';
import { upstreamsSchema } from './upstream-schema.ts';

const observabilitySchema = z.strictObject({
  serviceName: nameField.exactOptional().describe('Prefix of the service names in telemetry.'),
  accessLog: z.boolean().default(true).describe('One log line for each request.'),
});

export const configSchema = z.strictObject({
  version: z.literal(1).describe('Version of this format.'),
  listeners: listenersSchema.prefault({}),
  upstreams: upstreamsSchema.describe('Pools of targets, by name.'),
  routes: z.array(routeSchema).default([]).describe('The first that matches wins; built-in ones follow.'),
  tenants: z.array(tenantSchema).default([]).describe('Who may call.'),
  pricing: pricingSchema.prefault({}).describe('What models cost.'),
  exports: z.array(exportSchema).default([]).describe('Who gets the usage records and alerts.'),
  observability: observabilitySchema.prefault({}),
});
