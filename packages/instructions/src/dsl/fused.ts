/**
 * Whether WebAssembly's relaxed multiply-add rounds once here, as it does where the host has such an instruction. It is
 * asked of a module made for it: two products that differ in a digit which a rounded product loses.
 */
const prefix = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** f64 (f64, f64, f64), exported as "f". */
const signature = [0x01, 0x08, 0x01, 0x60, 0x03, 0x7c, 0x7c, 0x7c, 0x01, 0x7c];
const declaration = [0x03, 0x02, 0x01, 0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00];
/** local.get n, f64x2.splat. */
const operand = (n: number): number[] => [0x20, n, 0xfd, 0x14];
/** f64x2.relaxed_madd, f64x2.extract_lane 0. */
const multiplyAdd = [0xfd, 0x87, 0x02, 0xfd, 0x21, 0x00];
const body = [0x00, ...operand(0), ...operand(1), ...operand(2), ...multiplyAdd, 0x0b];
const code = [0x0a, body.length + 2, 0x01, body.length, ...body];

function fuses(): boolean {
  const bytes = Uint8Array.from([...prefix, ...signature, ...declaration, ...code]);
  if (!WebAssembly.validate(bytes)) return false;
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  if (typeof f !== "function") return false;
  const a = 1 + 2 ** -30;
  return f(a, a, -(1 + 2 ** -29)) === 2 ** -60;
}

export const hostFuses: boolean = fuses();
