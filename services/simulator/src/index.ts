export type { CallOutcome, CallRecord, CallTotals } from './core/call-log.ts';
export type { ProfileName } from './core/engine/profiles.ts';
export { type FaultRule, parseFault } from './core/fault.ts';
export { type ConfigUpdate, type LiveConfig, parseConfigUpdate } from './core/live-config.ts';
export { defaultSettings, type SimulatorSettings } from './settings.ts';
export { type Simulator, startSimulator } from './start-simulator.ts';
