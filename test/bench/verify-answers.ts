import type { LoadTarget } from './load/jobs.ts';

const timeoutMs = 10_000;

const call = async (target: LoadTarget, stream: boolean): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${target.port}${target.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...target.headers },
    body: JSON.stringify({
      model: 'instant',
      messages: [{ role: 'user', content: 'Is this the upstream?' }],
      ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
    }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`status ${answer.status}: ${text.slice(0, 500)}`);
  return text;
};

/** Speed is worth nothing when the answer is not the upstream's: checked once for each competitor. */
export const verifyAnswers = async (name: string, target: LoadTarget): Promise<void> => {
  try {
    const whole = JSON.parse(await call(target, false)) as {
      choices: { message: { content: string } }[];
      usage: { total_tokens: number };
    };
    const content = whole.choices[0]?.message.content ?? '';
    if (!content.endsWith('afternoon.') || whole.usage.total_tokens !== 112)
      throw new Error('another answer');
    const streamed = await call(target, true);
    const parts = ['#0:0;', '#15:0;', '"total_tokens":112', 'data: [DONE]'];
    const missing = parts.filter((part) => !streamed.includes(part));
    if (missing.length > 0) throw new Error(`a stream without ${missing.join(', ')}`);
  } catch (error) {
    throw new Error(`${name} does not pass the upstream's answer on`, { cause: error });
  }
};
