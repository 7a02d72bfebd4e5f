import { startMesh } from '@weir/testing';
import { startRecordingUpstream } from '../e2e/support/recording-upstream.ts';
import { recordingMesh } from '../e2e/support/recording-config.ts';
import { call, bearer } from '../e2e/support/http-call.ts';
const up = await startRecordingUpstream();
const base = recordingMesh(up.url);
const mesh = await startMesh({ ...base, env: { ...base.env, NODE_OPTIONS: process.argv[2]! } });
const ing = mesh.services.ingress[0]!;
const limit = 10_485_760;
const padded = (head: string, filler: string, tail: string, bytes: number): string => {
  const room = bytes - Buffer.byteLength(head) - Buffer.byteLength(tail);
  const body = filler.repeat(Math.floor(room / Buffer.byteLength(filler)));
  return head + body + tail + ' '.repeat(bytes - Buffer.byteLength(head + body + tail));
};
const body = padded('{"model":"rec-model","input":[','1,','1]}',limit);
const take = async () => { const t = await (await fetch(ing.healthUrl + '/metrics')).text(); return [Number(/^weir_event_loop_delay_max_seconds(?:\{[^}]*\})? (\S+)$/m.exec(t)![1])*1000, Number(/^process_cpu_seconds_total\S* (\S+)$/m.exec(t)![1])*1000] as const; };
const d: string[] = [];
for (let i=0;i<8;i++) { const [,c0] = await take(); await call(mesh.baseUrl+'/v1/chat/completions', { headers: bearer('weir-demo-key'), body }); const [delay, c1] = await take(); d.push(`${delay.toFixed(0)}ms cpu ${(c1-c0).toFixed(0)}`); up.clear(); }
console.log(d.join(' | '));
console.log(mesh.services.ingress[0]!.log().split('\n').filter(l => /deoptimiz/.test(l)).slice(-12).join('\n'));
await mesh.stop(); await up.close(); process.exit(0);
