/** Bounds resubmissions to a share of the traffic, so that an overload is not fed. A machine. */
export interface ResubmitBudget {
  /** A request has come in. */
  earn(): void;
  /** True when another resubmission is allowed; it is spent with this. */
  spend(): boolean;
}

/** Resubmissions that are allowed even when there was no traffic before. */
const reserve = 200;
const sharePerRequest = 0.1;

export const createResubmitBudget = (): ResubmitBudget => {
  let balance = reserve;
  return {
    earn: () => {
      balance = Math.min(reserve * 10, balance + sharePerRequest);
    },
    spend: () => {
      if (balance < 1) return false;
      balance -= 1;
      return true;
    },
  };
};
