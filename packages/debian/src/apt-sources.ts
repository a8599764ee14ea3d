import { parseControl } from "./control-file.ts";

/** One `deb` entry of an apt configuration. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** False if the entry says `check-valid-until=no`, as those for frozen archives do. */
  readonly checkValidUntil: boolean;
}

/** Entries of a one-line-style `.list` file. Source: sources.list(5), "One-Line-Style Format". */
export function parseSourcesList(text: string): readonly AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line);
    if (match === null) return [];
    const [, options = "", uri = "", suite = "", components = ""] = match;
    const checkValidUntil = !/(?:^|\s)check-valid-until=(?:no|false|0)(?:\s|$)/i.test(options);
    return [{ uri, suite, components: words(components), checkValidUntil }];
  });
}

/** Entries of a deb822-style `.sources` file, one for each URI and suite. Source: sources.list(5), "deb822-Style Format". */
export function parseDeb822Sources(text: string): readonly AptSource[] {
  return parseControl(text).flatMap((paragraph) => {
    if (!words(paragraph.get("types")).includes("deb") || isNo(paragraph.get("enabled"))) return [];
    const components = words(paragraph.get("components"));
    const checkValidUntil = !isNo(paragraph.get("check-valid-until"));
    return words(paragraph.get("uris")).flatMap((uri) =>
      words(paragraph.get("suites")).map((suite) => ({ uri, suite, components, checkValidUntil })),
    );
  });
}

function words(text = ""): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function isNo(text = ""): boolean {
  return /^(?:no|false|0|off|without|disable)$/i.test(text);
}
