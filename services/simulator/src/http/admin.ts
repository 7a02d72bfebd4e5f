import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseConfigUpdate } from '../core/live-config.ts';
import type { Simulation } from '../simulation.ts';
import { readJsonBody } from './read-body.ts';
import { sendJson, sendText } from './send.ts';

const sendConfig = (simulation: Simulation, response: ServerResponse): void => {
  const { fault, ...config } = simulation.config;
  sendJson(response, 200, { ...config, fault: fault ?? null });
};

const updateConfig = async (
  simulation: Simulation,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const read = await readJsonBody(request, simulation.settings.maxBodyBytes);
  const parsed = parseConfigUpdate(read.outcome === 'read' ? read.body : undefined);
  if (parsed.outcome === 'invalid') {
    sendJson(response, 400, { problems: parsed.problems });
    return;
  }
  simulation.configure(parsed.update);
  sendConfig(simulation, response);
};

const sendRequests = (simulation: Simulation, query: URLSearchParams, response: ServerResponse): void => {
  const id = query.get('id');
  if (id !== null) {
    sendJson(response, 200, { id, calls: simulation.log.find(id) });
    return;
  }
  if (query.get('list') === null) {
    const totals = simulation.log.totals();
    sendJson(response, 200, { count: totals.calls, totals });
    return;
  }
  const lines = simulation.log.all().map((record) => `${JSON.stringify(record)}\n`);
  sendText(response, 200, 'application/x-ndjson', lines.join(''));
};

/** The test's side of the simulator. `false` when there is no such path. */
export const serveAdmin = async (
  simulation: Simulation,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> => {
  const query = new URLSearchParams(request.url?.split('?', 2)[1]);
  switch (`${request.method} ${path}`) {
    case 'GET /admin/config':
      sendConfig(simulation, response);
      return true;
    case 'POST /admin/config':
      await updateConfig(simulation, request, response);
      return true;
    case 'GET /admin/requests':
      sendRequests(simulation, query, response);
      return true;
    case 'GET /admin/active':
      sendJson(response, 200, { active: simulation.log.totals().outcomes.active });
      return true;
    case 'POST /admin/reset':
      simulation.log.reset();
      simulation.configure({ fault: undefined, metrics: 'current', healthStatus: 200 });
      sendJson(response, 200, { outcome: 'reset' });
      return true;
    default:
      return false;
  }
};
