import * as z from 'zod';
import { countField, durationField, modelField } from './fields.ts';
import type { HealthCheckConfig } from './health-config.ts';

const pathField = z.string().regex(/^\/[^?#\s]{0,1023}$/, 'a path that begins with /, without query');

const usualPath = { tcp: '/', http: '/health', inference: '/v1/models' } as const;

export const healthCheckSchema = z
  .strictObject({
    type: z
      .enum(['tcp', 'http', 'inference'])
      .describe('Opens a connection; asks for a path; asks for models.'),
    path: pathField.exactOptional().describe('/health for http, /v1/models for inference, unless given.'),
    expectedStatuses: z.array(z.int().min(100).max(599)).min(1).default([200]).describe('For http.'),
    expectedModels: z.array(modelField).default([]).describe('Models that must be listed, for inference.'),
    intervalMs: durationField(10_000),
    timeoutMs: durationField(5_000),
    healthyThreshold: countField(1, 100, 2).describe('Checks in a row until a target is well again.'),
    unhealthyThreshold: countField(1, 100, 3).describe('Checks in a row until it is not.'),
  })
  .transform((check): HealthCheckConfig => ({ ...check, path: check.path ?? usualPath[check.type] }));

export const circuitBreakerSchema = z.strictObject({
  failureThreshold: countField(1, 10_000, 5).describe('Failures in a row that open the circuit.'),
  failureRatePercent: countField(1, 100, 50).describe('Or this share of failures.'),
  minRequests: countField(1, 100_000, 10).describe('Fewer say nothing of the share.'),
  windowMs: durationField(30_000).describe('Time over which the share is taken.'),
  openMs: durationField(10_000).describe('How long it stays open the first time.'),
  maxOpenMs: durationField(300_000).describe('And at most.'),
  halfOpenMaxRequests: countField(1, 1_000, 1).describe('Probes under way at a time.'),
  successThreshold: countField(1, 1_000, 2).describe('Probes in a row that close it.'),
});

export const outlierDetectionSchema = z.strictObject({
  consecutiveErrors: countField(1, 10_000, 5).describe('Failures in a row that leave a target out.'),
  intervalMs: durationField(10_000).describe('How often latencies are compared.'),
  baseEjectionMs: durationField(30_000).describe('How long it is left out the first time.'),
  maxEjectionPercent: countField(1, 100, 50).describe('Share of the targets that may be left out.'),
  latencyFactor: z.number().min(1.1).max(1_000).exactOptional().describe('Slow: so many times the median.'),
});
