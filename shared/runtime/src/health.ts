/** True, or a few words on why the service cannot do its work now. */
export type HealthCheck = () => true | string;

export type HealthStatus =
  | { readonly outcome: 'ready' }
  | { readonly outcome: 'not-ready'; readonly checks: Readonly<Record<string, string>> };

export interface Health {
  /** Called at every probe: it looks at state that is already there and never waits. A second check of one name replaces the first. */
  check(name: string, check: HealthCheck): void;
  status(): HealthStatus;
}

const reasonOf = (check: HealthCheck): true | string => {
  try {
    return check();
  } catch (error) {
    return `the check failed: ${error instanceof Error ? error.message : String(error)}`;
  }
};

export const createHealth = (): Health => {
  const checks = new Map<string, HealthCheck>();
  return {
    check: (name, check) => {
      checks.set(name, check);
    },
    status: () => {
      const reasons: Record<string, string> = {};
      for (const [name, check] of checks) {
        const reason = reasonOf(check);
        if (reason !== true) reasons[name] = reason;
      }
      return Object.keys(reasons).length === 0
        ? { outcome: 'ready' }
        : { outcome: 'not-ready', checks: reasons };
    },
  };
};
