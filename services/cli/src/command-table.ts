import type { Command } from './command.ts';
import { auditCommand } from './commands/audit.ts';
import { budgetsCommand } from './commands/budgets.ts';
import { applyCommand, checkCommand, explainCommand } from './commands/config.ts';
import { keysCommand } from './commands/keys.ts';
import { ledgerCommand } from './commands/ledger.ts';
import { orgsCommand } from './commands/orgs.ts';
import { pricesCommand } from './commands/prices.ts';
import { targetsCommand } from './commands/targets.ts';
import { teamsCommand } from './commands/teams.ts';
import { trafficCommand } from './commands/traffic.ts';
import { usageCommand } from './commands/usage.ts';

/** Every command, in the order of the help. A new one is added here and nowhere else. */
export const commandTable: readonly Command[] = [
  orgsCommand,
  teamsCommand,
  keysCommand,
  usageCommand,
  budgetsCommand,
  pricesCommand,
  auditCommand,
  targetsCommand,
  trafficCommand,
  ledgerCommand,
  checkCommand,
  applyCommand,
  explainCommand,
];
