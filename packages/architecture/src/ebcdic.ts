/**
 * EBCDIC code page 500 (International Latin-1), what service-call messages, load parameters and names
 * of the architecture are written in. Source: IBM CCSID 500; every byte maps to one Latin-1 character.
 */

/** The character of each byte, sixteen a row. */
const characters = [
  "\x00\x01\x02\x03\x9c\x09\x86\x7f\x97\x8d\x8e\x0b\x0c\x0d\x0e\x0f",
  "\x10\x11\x12\x13\x9d\x85\x08\x87\x18\x19\x92\x8f\x1c\x1d\x1e\x1f",
  "\x80\x81\x82\x83\x84\x0a\x17\x1b\x88\x89\x8a\x8b\x8c\x05\x06\x07",
  "\x90\x91\x16\x93\x94\x95\x96\x04\x98\x99\x9a\x9b\x14\x15\x9e\x1a",
  " \xa0âäàáãåçñ[.<(+!",
  "&éêëèíîïìß]$*);^",
  "-/ÂÄÀÁÃÅÇÑ¦,%_>?",
  "øÉÊËÈÍÎÏÌ`:#@'=\"",
  "Øabcdefghi«»ðýþ±",
  "°jklmnopqrªºæ¸Æ¤",
  "µ~stuvwxyz¡¿ÐÝÞ®",
  "¢£¥·©§¶¼½¾¬|¯¨´×",
  "{ABCDEFGHI\xadôöòóõ",
  "}JKLMNOPQR¹ûüùúÿ",
  "\\÷STUVWXYZ²ÔÖÒÓÕ",
  "0123456789³ÛÜÙÚ\x9f",
].join("");

const SUBSTITUTE = 0x3f; // SUB, what a character outside the code page becomes

/** EBCDIC byte of each Latin-1 code point. */
export const latin1ToEbcdic: Readonly<Uint8Array> = (() => {
  const table = new Uint8Array(256).fill(SUBSTITUTE);
  for (let byte = 0; byte < 256; byte++) table[characters.charCodeAt(byte)] = byte;
  return table;
})();

/** Latin-1 code point of each EBCDIC byte. */
export const ebcdicToLatin1: Readonly<Uint8Array> = Uint8Array.from(characters, (c) => c.charCodeAt(0));

/** Text in code page 500; a character outside Latin-1 becomes SUB (X'3F'). */
export function encodeEbcdic(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => latin1ToEbcdic[c.codePointAt(0) ?? 0] ?? SUBSTITUTE);
}

/** Bytes of code page 500 as text. */
export function decodeEbcdic(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => characters[byte]).join("");
}
