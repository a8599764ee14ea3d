/**
 * QEMU's option syntax: `value,key=value,flag,text=a,,b`. The first part may lack its key, which the option implies;
 * a comma inside a value is doubled; a part without `=` is a flag that is on, or off when it begins with `no`.
 */
import { QemuError } from "./qemu-error.ts";

/**
 * The values by key, later ones winning over earlier ones.
 *
 * @param impliedKey - the key of a first part without `=`; undefined when the option has none
 */
export function parseOptions(
  option: string,
  text: string,
  impliedKey: string | undefined,
): ReadonlyMap<string, string> {
  return new Map(parsePairs(option, text, impliedKey));
}

/** The same, for options whose keys may come several times: all of them, in order. */
export function parsePairs(
  option: string,
  text: string,
  impliedKey: string | undefined,
): readonly (readonly [key: string, value: string])[] {
  return splitAtCommas(text).map((part, index) => {
    const equals = part.indexOf("=");
    if (equals > 0) return [part.slice(0, equals), part.slice(equals + 1)];
    if (index === 0 && impliedKey !== undefined) return [impliedKey, part];
    if (equals === 0 || part === "")
      throw new QemuError("LF-QEMU-003", `${option} ${text}: Expected parameter before '${part}'`);
    if (part.startsWith("no") && part.length > 2) return [part.slice(2), "off"];
    return [part, "on"];
  });
}

function splitAtCommas(text: string): string[] {
  const parts = [""];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character !== ",") parts[parts.length - 1] += character;
    else if (text.charAt(index + 1) === ",") {
      parts[parts.length - 1] += ",";
      index += 1;
    } else parts.push("");
  }
  return parts;
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ["on", true],
  ["yes", true],
  ["true", true],
  ["y", true],
  ["off", false],
  ["no", false],
  ["false", false],
  ["n", false],
]);

/** `on` or `off`. @throws QemuError LF-QEMU-003 */
export function parseBoolean(option: string, key: string, value: string): boolean {
  const truth = truths.get(value);
  if (truth === undefined)
    throw new QemuError("LF-QEMU-003", `${option}: Parameter '${key}' expects 'on' or 'off'`);
  return truth;
}

/** A whole number, decimal or 0x. @throws QemuError LF-QEMU-003 */
export function parseNumber(option: string, key: string, value: string): number {
  const number = /^(?:0x[0-9a-f]+|[0-9]+)$/i.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number))
    throw new QemuError("LF-QEMU-003", `${option}: Parameter '${key}' expects a number`);
  return number;
}

const factors: Readonly<Record<string, number>> = {
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/** A size with an optional suffix b, K, M, G, T, P; without one it is in `unit` bytes. @throws QemuError LF-QEMU-003 */
export function parseMemorySize(option: string, key: string, value: string, unit: number): number {
  const match = /^([0-9]+(?:\.[0-9]+)?|0x[0-9a-f]+)([bkmgtp]?)$/i.exec(value);
  const suffix = match?.[2]?.toLowerCase() ?? "";
  const size = Number(match?.[1]) * (suffix === "" ? unit : (factors[suffix] ?? Number.NaN));
  if (match === null || !Number.isSafeInteger(size)) {
    throw new QemuError(
      "LF-QEMU-003",
      `${option}: Parameter '${key}' expects a non-negative number below 2^64`,
      "Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta- and exabytes, respectively.",
    );
  }
  return size;
}
