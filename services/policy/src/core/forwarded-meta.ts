import {
  type EnvelopeMeta,
  type GrantTerms,
  grantText,
  type Principal,
  type RouteConfig,
} from '@weir/contracts';

export interface AdmittedRequest {
  readonly meta: EnvelopeMeta;
  readonly principal: Principal;
  readonly route: RouteConfig;
  /** traceparent of policy's own span. Absent: the caller's stays. */
  readonly trace: string | undefined;
}

/** What travels on to the scheduler: the request with principal, signed grant and priority. */
export const toForwardedMeta = (request: AdmittedRequest, sign: (text: string) => string): EnvelopeMeta => {
  const { meta, principal, route, trace } = request;
  const terms: GrantTerms = { holds: [], expiresAt: meta.deadline };
  const priority = meta.priority ?? route.priority;
  return {
    ...meta,
    principal,
    grant: { ...terms, mac: sign(grantText(meta, principal, terms)) },
    ...(priority === undefined ? {} : { priority }),
    ...(trace === undefined ? {} : { trace }),
  };
};
