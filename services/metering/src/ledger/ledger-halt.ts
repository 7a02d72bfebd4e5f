/** The ledger must not be written on until a person has looked at it. Trying again would not help. */
export class LedgerHalt extends Error {
  override readonly name = 'LedgerHalt';
}
