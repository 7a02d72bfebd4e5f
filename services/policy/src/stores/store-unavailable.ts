/** The limit store could not be asked, or did not answer in time. Whether it carried the call out is not known. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

  constructor(call: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`the limit store did not answer ${call}: ${why}`, { cause });
  }
}
