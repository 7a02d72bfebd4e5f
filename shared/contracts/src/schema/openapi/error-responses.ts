import { type ErrorReason, errorReasons } from '../../error-code.ts';
import { type JsonObject, schemaPath } from '../to-components.ts';
import { limitHeaders, type ResponseHeaderName, toHeaderRefs } from './response-headers.ts';

export type HttpWire = 'openai' | 'anthropic';

/** The client is gone: nobody receives these. */
const neverSent: ReadonlySet<ErrorReason> = new Set(['client_disconnected']);

/** Overload has a status of its own in the Anthropic API. https://docs.anthropic.com/en/api/errors */
const overloadReasons: ReadonlySet<ErrorReason> = new Set(['saturated', 'upstream_rate_limited']);
const overloadStatus = 529;

const statusOnWire = (reason: ErrorReason, wire: HttpWire): number =>
  wire === 'anthropic' && overloadReasons.has(reason) ? overloadStatus : errorReasons[reason].status;

/** The reasons that a client of one API can meet, by status, lowest status first. */
export const reasonsByStatus = (wire: HttpWire): ReadonlyMap<number, readonly ErrorReason[]> => {
  const groups = new Map<number, ErrorReason[]>();
  for (const reason of Object.keys(errorReasons) as ErrorReason[]) {
    if (neverSent.has(reason)) continue;
    const status = statusOnWire(reason, wire);
    groups.set(status, [...(groups.get(status) ?? []), reason]);
  }
  return new Map([...groups].sort(([one], [other]) => one - other));
};

const headersOf = (status: number, wire: HttpWire): readonly ResponseHeaderName[] => [
  'X-Request-Id',
  'X-Should-Retry',
  ...(status === 429 || status >= 500 ? (['Retry-After'] as const) : []),
  ...(status === 405 ? (['Allow'] as const) : []),
  ...(status === 429 || status >= 500 ? limitHeaders : []),
  ...(wire === 'anthropic' ? (['Request-Id'] as const) : []),
];

const schemaNames = { openai: 'OpenAiError', anthropic: 'AnthropicError' } as const;

const componentName = (wire: HttpWire, status: number): string => `${schemaNames[wire]}${status}`;

const toResponse = (wire: HttpWire, status: number, reasons: readonly ErrorReason[]): JsonObject => ({
  description: `Reasons: ${reasons.map((reason) => `\`${reason}\``).join(', ')}.`,
  headers: toHeaderRefs(headersOf(status, wire)),
  content: { 'application/json': { schema: { $ref: schemaPath(schemaNames[wire]) } } },
  'x-weir-reasons': reasons,
});

/** One response component for each status of each API. */
export const errorResponses = (): Record<string, JsonObject> =>
  Object.fromEntries(
    (['openai', 'anthropic'] as const).flatMap((wire) =>
      [...reasonsByStatus(wire)].map(([status, reasons]) => [
        componentName(wire, status),
        toResponse(wire, status, reasons),
      ]),
    ),
  );

/** The error responses of an operation of one API. */
export const toErrorRefs = (wire: HttpWire): JsonObject =>
  Object.fromEntries(
    [...reasonsByStatus(wire).keys()].map((status) => [
      String(status),
      { $ref: `#/components/responses/${componentName(wire, status)}` },
    ]),
  );
