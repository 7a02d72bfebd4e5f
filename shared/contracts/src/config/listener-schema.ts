import * as z from 'zod';
import { bodyLimitField, countField, durationField } from './fields.ts';

const addressOrRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

const httpListenerSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for all.'),
  port: countField(0, 65_535, 8080).describe('Port to listen on; 0 lets the system choose.'),
  bodyLimitBytes: bodyLimitField.default(10_485_760).describe('Largest request body.'),
  headerLimitBytes: countField(1024, 1_048_576, 32_768).describe('Largest head of a request.'),
  requestTimeoutMs: durationField(600_000).describe('Default deadline of a request.'),
  headersTimeoutMs: durationField(20_000).describe('Longest time for a client to send its head.'),
  keepAliveTimeoutMs: durationField(72_000).describe('How long an idle connection is kept.'),
  jsonDepthLimit: countField(1, 1024, 64).describe('Deepest nesting of a JSON body.'),
  maxConnections: countField(1, 1_000_000, 10_000).describe('Most client connections at a time.'),
  trustedProxies: z
    .array(
      z
        .string()
        .refine(
          (value) => addressOrRange.safeParse(value).success,
          'an IP address or a range such as 10.0.0.0/8',
        ),
    )
    .default([])
    .describe('Addresses and ranges whose X-Forwarded-For is believed.'),
});

export const listenersSchema = z.strictObject({
  http: httpListenerSchema.prefault({}).describe('Where and how clients connect.'),
});
