/**
 * Who may use a page. One byte a page, kept beside the storage keys, so that the code that fills a TLB entry
 * tests a single byte: below `GUEST_READY` the guest uses the page as it is.
 */
export const PageState = {
  /** Not owned by a secure configuration. */
  normal: 0,
  /** Owned, and shared by its guest with the host. */
  shared: 1,
  /** Owned, and for its guest alone. */
  secure: 2,
  /** Owned; the host got the page and it holds ciphertext. Import brings it back. */
  exported: 3,
  /** Owned, but withdrawn by the host: import decides whether and how it comes back. */
  unavailable: 4,
  /** Owned, not used since the guest started: import makes it zero, whatever lies there. */
  blank: 5,
} as const;

export type PageState = (typeof PageState)[keyof typeof PageState];

/** States below this value are usable by the guest directly; the others go through `Storage.importPage`. */
export const GUEST_READY = 3;

const states: readonly PageState[] = [0, 1, 2, 3, 4, 5];

/** Check a byte of the state table. */
export function pageStateOf(byte: number): PageState {
  const state = states[byte];
  if (state === undefined) throw new RangeError(`page state ${byte} is not defined`);
  return state;
}
