/** `-boot` and load parameters: how a machine boots from its devices. */
import { didYouMean, type ProfileLayer } from "@lockframe/profile";
import { parseBoolean, parseNumber, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

const OPTION = "-boot";
/** The order is said by `bootindex`; pictures and waiting after a failure belong to other machines. */
const harmless = ["order", "once", "reboot-timeout", "splash", "strict"];
const meaningful = ["menu", "splash-time"];

/** All `-boot [order][,menu=on|off][,splash-time=MS]` together; later values win. */
export function parseBoot(
  texts: readonly string[],
): Pick<NonNullable<ProfileLayer["ipl"]>, "menu" | "menuTimeout"> {
  const entries = new Map<string, string>();
  for (const text of texts) {
    for (const [key, value] of parseOptions(OPTION, text, "order")) {
      if (![...meaningful, ...harmless].includes(key)) {
        throw new QemuError(
          "LF-QEMU-003",
          `${OPTION} ${text}: Invalid parameter '${key}'${didYouMean(key, meaningful)}`,
        );
      }
      entries.set(key, value);
    }
  }
  const menu = entries.get("menu");
  const time = entries.get("splash-time");
  const menuTimeout = time === undefined ? undefined : parseNumber(OPTION, "splash-time", time);
  if (menuTimeout !== undefined && menuTimeout > 0xffffffff)
    throw new QemuError("LF-QEMU-003", `${OPTION} splash-time=${time}: splash-time is too large`);
  return {
    ...(menu !== undefined && { menu: parseBoolean(OPTION, "menu", menu) }),
    ...(menuTimeout !== undefined && { menuTimeout }),
  };
}

const LONGEST = 8;

/** A load parameter as it was given. @throws QemuError LF-QEMU-016 */
export function checkLoadParameter(context: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.length > LONGEST)
    throw new QemuError(
      "LF-QEMU-016",
      `${context} loadparm=${text}: loadparm can only contain up to 8 characters`,
    );
  const wrong = /[^A-Za-z0-9. ]/.exec(text)?.[0];
  if (wrong !== undefined)
    throw new QemuError("LF-QEMU-016", `${context} loadparm=${text}: LOADPARM: invalid character '${wrong}'`);
  return text;
}
