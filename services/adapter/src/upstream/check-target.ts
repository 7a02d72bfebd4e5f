import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HealthCheckConfig, TargetConfig } from '@weir/contracts';
import type { LiveUpstream } from '../attempt/attempt-deps.ts';
import type { CheckResult } from '../core/check-state.ts';
import { type Answer, describeError, type QuestionClient } from './question-client.ts';

const passed: CheckResult = { outcome: 'passed' };
const failed = (why: string): CheckResult => ({ outcome: 'failed', why });

const lateBy = (timeoutMs: number): CheckResult => failed(`no answer within ${timeoutMs} ms`);

const checkTcp = (
  { tls }: LiveUpstream,
  { url }: TargetConfig,
  { timeoutMs }: HealthCheckConfig,
): Promise<CheckResult> =>
  new Promise((resolve) => {
    const { protocol, hostname, port } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const isTls = protocol === 'https:';
    const options = { host, port: Number(port === '' ? (isTls ? 443 : 80) : port) };
    // RFC 6066 §3: an address is no server name.
    const servername = isIP(host) === 0 ? host : '';
    const socket = isTls ? connectTls({ ...options, servername, ...tls }) : connectTcp(options);
    const settle = (result: CheckResult): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    // Not the socket's own timer: that begins anew with each byte of a handshake that trickles in.
    const timer = setTimeout(() => settle(failed(`no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.on(isTls ? 'secureConnect' : 'connect', () => settle(passed));
    socket.on('error', (error) => settle(failed(describeError(error))));
  });

const listedModels = (text: string): ReadonlySet<string> => {
  const value: unknown = JSON.parse(text);
  const data = typeof value === 'object' && value !== null && 'data' in value ? value.data : undefined;
  if (!Array.isArray(data)) throw new Error('no list of models');
  return new Set(data.map((model: unknown) => String((model as { id?: unknown } | null)?.id)));
};

const judgeModels = (text: string, { expectedModels }: HealthCheckConfig): CheckResult => {
  try {
    const models = listedModels(text);
    const missing = expectedModels.filter((model) => !models.has(model));
    return missing.length === 0 ? passed : failed(`does not list ${missing.join(', ')}`);
  } catch (error) {
    return failed(describeError(error));
  }
};

const judge = (answer: Answer, statuses: readonly number[], check: HealthCheckConfig): CheckResult => {
  if (answer.outcome === 'late') return lateBy(check.timeoutMs);
  if (answer.outcome === 'unreachable') return failed(answer.why);
  if (answer.outcome === 'too_large') return failed('an answer longer than any list of models');
  if (answer.outcome === 'status')
    return failed(`status ${answer.status}, expected ${statuses.join(' or ')}`);
  return check.type === 'inference' ? judgeModels(answer.text, check) : passed;
};

const checkHttp = async (
  client: Pick<QuestionClient, 'ask'>,
  { provider, credential, client: { questions } }: LiveUpstream,
  target: TargetConfig,
  check: HealthCheckConfig,
): Promise<CheckResult> => {
  const isInference = check.type === 'inference';
  const statuses = isInference ? [200] : check.expectedStatuses;
  const headers = {
    ...provider.defaultHeaders,
    // A page of health is nobody's business but the target's; models are an API like others.
    ...(isInference ? provider.credentialHeaders(credential) : {}),
  };
  const url = `${target.url}${check.path}`;
  const question = { url, headers, statuses, over: questions, deadlineMs: check.timeoutMs };
  return judge(await client.ask(question), statuses, check);
};

/** Asks a target once whether it is well. */
export const checkTarget = (
  client: Pick<QuestionClient, 'ask'>,
  upstream: LiveUpstream,
  target: TargetConfig,
  check: HealthCheckConfig,
): Promise<CheckResult> =>
  check.type === 'tcp' ? checkTcp(upstream, target, check) : checkHttp(client, upstream, target, check);
