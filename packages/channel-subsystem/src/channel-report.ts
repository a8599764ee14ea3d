/** Channel report word. Source: Principles of Operation, "Channel-Report Word". */
export interface ChannelReport {
  readonly source: number;
  readonly errorRecoveryCode: number;
  readonly sourceId: number;
  /** The next word belongs to the same report. */
  readonly chained: boolean;
  /** The program asked for what is reported, by RESET CHANNEL PATH for instance. */
  readonly solicited?: boolean;
}

/** Reporting sources. */
export const reportingSource = { subchannel: 3, channelPath: 4, channelSubsystem: 0xb } as const;
/** Error-recovery codes. */
export const errorRecoveryCode = { initialized: 2, installedParametersInitialized: 4 } as const;

const SOLICITED = 0x4000;
const OVERFLOW = 0x2000;
const CHAINED = 0x1000;
const CAPACITY = 256;

/** Channel reports that wait for STORE CHANNEL REPORT WORD. */
export class ChannelReports {
  readonly #words: number[] = [];
  #lost = false;
  #announce = true;
  readonly #pending: () => void;

  /** @param pending called when a channel-report-pending machine check is to be made pending */
  constructor(pending: () => void) {
    this.#pending = pending;
  }

  /** Queue a report. When too many wait it is lost, and the next one says so. */
  add(report: ChannelReport): void {
    if (this.#words.length >= CAPACITY) {
      this.#lost = true;
      return;
    }
    const flags =
      (report.solicited === true ? SOLICITED : 0) |
      (this.#lost ? OVERFLOW : 0) |
      (report.chained ? CHAINED : 0);
    this.#lost = false;
    const left = flags | (report.source << 8) | report.errorRecoveryCode;
    this.#words.push(((left << 16) | report.sourceId) >>> 0);
    if (!this.#announce) return;
    this.#announce = false;
    this.#pending();
  }

  /** The oldest word. Once there is none, the next report is announced by a machine check again. */
  take(): number | undefined {
    const word = this.#words.shift();
    if (word === undefined) this.#announce = true;
    return word;
  }

  /** Put back a word that could not be stored. */
  putBack(word: number): void {
    this.#words.unshift(word);
  }

  reset(): void {
    this.#words.length = 0;
    this.#lost = false;
    this.#announce = true;
  }
}
