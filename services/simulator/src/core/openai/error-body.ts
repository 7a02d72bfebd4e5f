interface ErrorKind {
  readonly type: string;
  readonly code: string | null;
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  400: { type: 'invalid_request_error', code: null },
  401: { type: 'invalid_request_error', code: 'invalid_api_key' },
  403: { type: 'permission_error', code: 'permission_denied' },
  404: { type: 'invalid_request_error', code: 'model_not_found' },
  409: { type: 'conflict_error', code: null },
  413: { type: 'invalid_request_error', code: 'request_too_large' },
  422: { type: 'invalid_request_error', code: 'unprocessable_entity' },
  429: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  503: { type: 'service_unavailable_error', code: 'server_is_overloaded' },
  529: { type: 'service_unavailable_error', code: 'server_is_overloaded' },
};

const fallbackKind = (status: number): ErrorKind =>
  status < 500 ? { type: 'invalid_request_error', code: null } : { type: 'server_error', code: null };

export const buildOpenAiError = (status: number, message: string, param: string | null) => {
  const { type, code } = kinds[status] ?? fallbackKind(status);
  return { error: { message, type, param, code } };
};

/** What vLLM sends after its 200: an error event, then the end mark. */
export const failureEvents = (): readonly string[] => [
  'data: {"error":{"message":"The server had an error while processing your request.","type":"server_error",' +
    '"param":null,"code":"server_error"}}\n\n',
  'data: [DONE]\n\n',
];
