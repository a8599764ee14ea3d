import type { ConfigurationField } from "./virtio-function.ts";

/** A configuration as bytes, in the driver's byte order. */
export function encodeConfiguration(
  fields: readonly ConfigurationField[],
  littleEndian: boolean,
): Uint8Array {
  return Buffer.concat(fields.map((field) => encode(field, littleEndian)));
}

function encode(field: ConfigurationField, littleEndian: boolean): Uint8Array {
  if ("bytes" in field) return field.bytes;
  const bytes = new Uint8Array(field.size);
  let value = BigInt(field.value);
  for (let i = 0; i < field.size; i++, value >>= 8n)
    bytes[littleEndian ? i : field.size - 1 - i] = Number(value & 0xffn);
  return bytes;
}
