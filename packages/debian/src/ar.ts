/** One member of an ar archive. */
export interface ArMember {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const MAGIC = "!<arch>\n";
const HEADER = 60;

/**
 * Members of an ar archive in the common format with plain names, which is what .deb files are.
 * Source: deb(5); ar(5).
 * @throws SyntaxError that says what is wrong.
 */
export function parseAr(bytes: Uint8Array): readonly ArMember[] {
  const text = (from: number, length: number) =>
    new TextDecoder("latin1").decode(bytes.subarray(from, from + length));
  if (text(0, MAGIC.length) !== MAGIC) throw new SyntaxError("it does not begin with '!<arch>'");
  const members: ArMember[] = [];
  for (let at = MAGIC.length; at < bytes.length;) {
    const size = text(at + 48, 10).trimEnd();
    if (at + HEADER > bytes.length || text(at + 58, 2) !== "`\n" || !/^\d+$/.test(size))
      throw new SyntaxError(`the member header at byte ${at} is malformed`);
    const start = at + HEADER;
    const end = start + Number(size);
    const name = text(at, 16).trimEnd().replace(/\/$/, "");
    if (end > bytes.length) throw new SyntaxError(`member '${name}' is cut short`);
    members.push({ name, bytes: bytes.subarray(start, end) });
    at = end + (end % 2);
  }
  return members;
}
