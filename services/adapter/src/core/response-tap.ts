import type { Usage } from '@weir/contracts';

/** What a tap has learned when the answer is over. */
export interface TapReport {
  /** As the provider reported it; undefined when it did not. */
  readonly usage: Usage | undefined;
  /** `usage` is the provider's last word: the answer got to its own end, and that was not an error. */
  readonly final: boolean;
  readonly modelServed: string | undefined;
  /** Service tier that the provider says it served. */
  readonly serviceTier: string | undefined;
  /** Content events seen: a floor for the output tokens when nothing was reported. */
  readonly contentEvents: number;
  /** Characters of content seen. Of what is text and cannot be read into, its bytes. */
  readonly contentChars: number;
}

/** An error that the upstream sent in the place of its first event. */
export interface UpstreamFailure {
  readonly status: number;
  /** The error as JSON text, in the upstream's own shape. */
  readonly body: string;
}

/** Reads an answer as it passes by, and decides which of its bytes go on to the client. */
export interface ResponseTap {
  /** Bytes for the client. Never splits an event, so that an error can follow at any time. */
  push(bytes: Uint8Array): Uint8Array[];
  /** The upstream has closed: the last bytes, and whether the answer was whole. */
  finish(): { readonly rest: Uint8Array[]; readonly complete: boolean };
  readonly report: TapReport;
  /** Set when the first event was an error. Nothing has been put out then. */
  readonly failedAtStart: UpstreamFailure | undefined;
  /** The upstream sends what cannot be relayed. */
  readonly broken: boolean;
}
