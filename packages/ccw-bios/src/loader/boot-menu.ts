import type { BootDisk } from "./boot-disk.ts";

/** What the user says of the choice. */
export interface MenuSettings {
  /** Load parameter in effect. */
  readonly loadParameter: string;
  /** Show the menu, or do not; undefined: as the disk says. */
  readonly menu: boolean | undefined;
  /** Milliseconds after which the default is taken, 0: never. */
  readonly menuTimeout: number;
}

/** What is to be started, or what is to be asked. */
export type MenuChoice =
  | { readonly kind: "entry"; readonly entry: number }
  | {
      readonly kind: "ask";
      readonly lines: readonly string[];
      readonly entries: readonly number[];
      /** Milliseconds, 0: never. */
      readonly timeout: number;
    };

const PROMPT = "PROMPT";

/** Apply the rules of `s390-ccw`: a load parameter decides, or else the command line, or else the disk. */
export function chooseEntry(disk: BootDisk, settings: MenuSettings): MenuChoice {
  const text = settings.loadParameter.trim().toUpperCase();
  if (text === PROMPT) return ask(disk, 0);
  if (text !== "") return { kind: "entry", entry: Number(/^[0-9]+/.exec(text)?.[0] ?? 0) };
  if (settings.menu === true) return ask(disk, settings.menuTimeout);
  if (settings.menu === undefined && disk.menu?.wanted === true) return ask(disk, disk.menu.timeout * 1000);
  return { kind: "entry", entry: 0 };
}

function ask({ menu, entries }: BootDisk, timeout: number): MenuChoice {
  if (menu === undefined) {
    const lines = entries.map((entry) => `${String(entry).padStart(2)}.${entry === 0 ? " default" : ""}`);
    return { kind: "ask", lines, entries, timeout };
  }
  const numbers = menu.lines.map((line) => Number.parseInt(line, 10));
  return {
    kind: "ask",
    lines: menu.lines,
    entries: entries.filter((entry) => numbers.includes(entry)),
    timeout,
  };
}
