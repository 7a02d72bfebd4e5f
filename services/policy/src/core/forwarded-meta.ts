import {
  type EnvelopeMeta,
  type GrantTerms,
  grantText,
  type Principal,
  type RouteConfig,
} from '@weir/contracts';
import type { AnswerHeaders } from './limit-headers.ts';

export interface AdmittedRequest {
  readonly meta: EnvelopeMeta;
  readonly principal: Principal;
  readonly route: RouteConfig;
  /** What the limits say of it. Absent: none applies. */
  readonly terms?: Omit<GrantTerms, 'expiresAt'>;
  readonly answerHeaders?: AnswerHeaders;
  /** traceparent of policy's own span. Absent: the caller's stays. */
  readonly trace: string | undefined;
}

const unlimited = { holds: [] };

/** What travels on to the scheduler: the request with principal, signed grant and priority. */
export const toForwardedMeta = (request: AdmittedRequest, sign: (text: string) => string): EnvelopeMeta => {
  const { meta, principal, route, trace, answerHeaders } = request;
  const terms: GrantTerms = { ...(request.terms ?? unlimited), expiresAt: meta.deadline };
  const priority = meta.priority ?? route.priority;
  return {
    ...meta,
    principal,
    grant: { ...terms, mac: sign(grantText(meta, principal, terms)) },
    ...(answerHeaders === undefined || answerHeaders.length === 0 ? {} : { answerHeaders }),
    ...(priority === undefined ? {} : { priority }),
    ...(trace === undefined ? {} : { trace }),
  };
};
