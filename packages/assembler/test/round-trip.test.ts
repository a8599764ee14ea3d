import fc from "fast-check";
import { instructions } from "@lockframe/instructions";
import { describe, expect, test } from "vitest";
import { createAssembler, createDecoder, createDisassembler, encode, fieldRange } from "../src/index.ts";
import type { FieldValues, InstructionEncoding } from "../src/index.ts";

const assembler = createAssembler(instructions);
const disassembler = createDisassembler(instructions);
const decode = createDecoder(instructions);

/** Any values of the fields, the ends of each range more often than chance would have them. */
function fieldsOf(encoding: InstructionEncoding): fc.Arbitrary<FieldValues> {
  return fc.record(
    Object.fromEntries(
      encoding.format.fields.map((field) => {
        const [min, max] = fieldRange(field);
        return [field.name, fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0))];
      }),
    ),
  );
}

describe.each(instructions)("$mnemonic", (encoding) => {
  test("decode finds what encode was given", () => {
    fc.assert(
      fc.property(fieldsOf(encoding), (fields) => {
        const bytes = encode(encoding, fields);
        expect(decode(bytes)).toEqual({ encoding, fields, length: encoding.format.length });
      }),
      { numRuns: 50 },
    );
  });

  test("its disassembly assembles to the same bytes", () => {
    // Far from zero, so that relative operands never mean negative addresses.
    const address = 0x1_2000_0000n;
    fc.assert(
      fc.property(fieldsOf(encoding), (fields) => {
        const bytes = encode(encoding, fields);
        const [line, ...more] = disassembler.disassemble(bytes, { address });
        expect(more).toEqual([]);
        expect(assembler.assemble(line?.text ?? "", { origin: address }).bytes, line?.text).toEqual(bytes);
      }),
      { numRuns: 25 },
    );
  });
});

test("any bytes at all disassemble to source that assembles to them, but for bits that formats ignore", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
      const lines = disassembler.disassemble(bytes, { address: 0x1_2000_0000n });
      const text = lines.map((line) => line.text).join("\n");
      const again = assembler.assemble(text, { origin: 0x1_2000_0000n }).bytes;
      expect(again.length).toBe(bytes.length);
      for (const { bytes: own, instruction } of lines) {
        if (instruction === undefined) continue;
        expect(own.length).toBe(instruction.length);
        expect(decode(encode(instruction.encoding, instruction.fields))).toEqual(instruction);
      }
    }),
  );
});
