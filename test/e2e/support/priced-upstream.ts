import type { Answer } from './recording-upstream.ts';

/** Answers in the API that is called, with the usage that a test wants a provider to report. */
export const reportUsage =
  (input: number, output: number): Answer =>
  ({ path, body }, response) => {
    const { model } = JSON.parse(body.toString()) as { readonly model?: string };
    const isAnthropic = path === '/v1/messages';
    const usage = isAnthropic
      ? { input_tokens: input, output_tokens: output }
      : { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
    const answer = isAnthropic
      ? { id: 'msg', type: 'message', role: 'assistant', model, content: [], stop_reason: 'end_turn', usage }
      : { id: 'chat', object: 'chat.completion', model, choices: [], usage };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  };
