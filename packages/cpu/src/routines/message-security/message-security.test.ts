import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { Engine } from "../../../test/engine.ts";
import { PswBit } from "../../cpu.ts";
import { messageSecurityRoutines } from "./index.ts";

const engine = new Engine(messageSecurityRoutines());
const { cpu } = engine;
const hex = (text: string) => Buffer.from(text, "hex");
const SPECIFICATION = 6;
const PAGE_TRANSLATION = 0x11;
const BLOCK = 0x2000;
const SOURCE = 0x8000;
const TARGET = 0x4_0000;
const DECIPHER = 0x80;

// R1 is 4, R2 is 6, R3 is 8.
const KM = "b92e0046";
const KMC = "b92f0046";
const KMF = "b92a0046";
const KMO = "b92b0046";
const KMCTR = "b92d8046";
const KMAC = "b91e0006";
const KIMD = "b93e0006";
const KLMD = "b93f0006";
const PCC = "b92c0000";
const PRNO = "b93c0046";

beforeEach(() => engine.reset());

interface Given {
  readonly code: number;
  readonly parameter?: Uint8Array;
  readonly message?: Uint8Array;
  readonly length?: number;
}
/** Runs it to its end; returns the program-interruption code. */
function run(instruction: string, { code, parameter, message, length }: Given): number | undefined {
  if (parameter !== undefined) engine.put(BLOCK, parameter);
  if (message !== undefined) engine.put(SOURCE, message);
  engine.gr({ 0: code, 1: BLOCK, 4: TARGET, 6: SOURCE, 7: length ?? message?.length ?? 0 });
  return engine.execute(instruction, true);
}
const output = (length: number): string => engine.hex(TARGET, length);
const parameter = (offset: number, length: number): string => engine.hex(BLOCK + offset, length);

// NIST SP 800-38A, appendix F.
const key = hex("2b7e151628aed2a6abf7158809cf4f3c");
const iv = hex("000102030405060708090a0b0c0d0e0f");
const text = hex(
  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
);
const AES_128 = 18;

describe("CIPHER MESSAGE", () => {
  it("enciphers and deciphers, and advances its operands", () => {
    expect(run(KM, { code: AES_128, parameter: key, message: text })).toBeUndefined();
    expect(cpu.cc).toBe(0);
    expect(output(16)).toBe("3ad77bb40d7a3660a89ecaf32466ef97");
    expect(engine.gr().slice(4, 8)).toEqual([BigInt(TARGET + 64), cpu.gr(5), BigInt(SOURCE + 64), 0n]);
    const enciphered = engine.storage.fetch(TARGET, 64);
    run(KM, { code: AES_128 | DECIPHER, parameter: key, message: enciphered });
    expect(output(64)).toBe(text.toString("hex"));
  });

  it.each([
    [19, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "bd334f1d6e45f25ff712a214571fa5cc"],
    [
      20,
      "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
      "f3eed1bdb5d2a03c064b5a7e3db181f8",
    ],
  ] as const)("has function %i", (code, longKey, expected) => {
    run(KM, { code, parameter: hex(longKey), message: text });
    expect(output(16)).toBe(expected);
  });

  it("has DES with one, two and three keys", () => {
    run(KM, { code: 1, parameter: hex("133457799bbcdff1"), message: hex("0123456789abcdef") });
    expect(output(8)).toBe("85e813540f0ab405");
    const keys = randomBytes(24);
    const expected = (all: Uint8Array) =>
      createCipheriv("des-ede3-ecb", all, null)
        .setAutoPadding(false)
        .update(text.subarray(0, 8))
        .toString("hex");
    run(KM, { code: 3, parameter: keys, message: text.subarray(0, 8) });
    expect(output(8)).toBe(expected(keys));
    run(KM, { code: 2, parameter: keys, message: text.subarray(0, 8) });
    expect(output(8)).toBe(expected(Buffer.concat([keys.subarray(0, 16), keys.subarray(0, 8)])));
  });

  it("goes on with XTS where it stopped, with the parameter of PCC", () => {
    const [tweakKey, tweak] = [randomBytes(16), randomBytes(16)];
    const zeros = new Uint8Array(48);
    run(PCC, { code: 50, parameter: Buffer.concat([tweakKey, tweak, zeros]) });
    const first = hex(parameter(64, 16));
    run(KM, { code: 50, parameter: Buffer.concat([key, first]), message: text.subarray(0, 32) });
    const begun = output(32);
    engine.put(SOURCE, text.subarray(32));
    engine.gr({ 4: TARGET, 6: SOURCE, 7: 32 });
    engine.execute(KM, true);
    const xts = createCipheriv("aes-128-xts", Buffer.concat([key, tweakKey]), tweak);
    expect(begun + output(32)).toBe(xts.update(text).toString("hex"));
  });

  it("handles a long message in parts, condition code 3 between them", () => {
    const message = randomBytes(0x5_0000);
    engine.put(BLOCK, key);
    engine.put(SOURCE, message);
    engine.gr({ 0: AES_128, 1: BLOCK, 4: SOURCE, 6: SOURCE, 7: message.length });
    expect(engine.execute(KM)).toBeUndefined();
    expect(cpu.cc).toBe(3);
    expect(cpu.gr(7)).toBeLessThan(BigInt(message.length));
    engine.execute(KM, true);
    const expected = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(message);
    expect(Buffer.from(engine.storage.fetch(SOURCE, message.length)).equals(expected)).toBe(true);
  });

  it("stops before a page that is missing, and has done what comes before it", () => {
    cpu.setCr(1, engine.map(0, { 1: 0x1000, 2: 0x2000, 8: 0x8000, 0x40: 0x4_0000, 0x41: 0x4_1000 }));
    engine.put(BLOCK, key);
    engine.put(SOURCE, randomBytes(0x1000));
    engine.setPsw("64", PswBit.dat);
    engine.gr({ 0: AES_128, 1: BLOCK, 4: TARGET + 8, 6: SOURCE + 0xf00, 7: 0x200 });
    expect(engine.execute(KM)).toBeUndefined();
    expect([cpu.cc, cpu.gr(7)]).toEqual([3, 0x100n]);
    expect(engine.execute(KM)).toBe(PAGE_TRANSLATION);
    expect(cpu.gr(7)).toBe(0x100n);
  });

  it.each([
    ["a function that is not there", KM, 17, 16],
    ["a part of a block", KM, AES_128, 15],
    ["an odd register", "b92e0056", AES_128, 16],
    ["register 0", "b92e0006", AES_128, 16],
  ])("refuses %s", (_, instruction, code, length) => {
    expect(run(instruction, { code, parameter: key, length })).toBe(SPECIFICATION);
  });
});

describe("modes with a chaining value", () => {
  const given = { parameter: Buffer.concat([iv, key]), message: text };
  it.each([
    ["KMC", KMC, AES_128, "7649abac8119b246cee98e9b12e9197d", "3ff1caa1681fac09120eca307586e1a7"],
    ["KMO", KMO, AES_128, "3b3fd92eb72dad20333449f8e83cfb4a", undefined],
    [
      "KMF",
      KMF,
      AES_128 | (16 << 24),
      "3b3fd92eb72dad20333449f8e83cfb4a",
      "c04b05357c5d1c0eeac4c66f9ff7f2e6",
    ],
    ["KMF of a byte", KMF, AES_128 | (1 << 24), "3b79424c9c0dd436bace9e0ed4586a4f", undefined],
  ] as const)("%s", (_, instruction, code, first, last) => {
    run(instruction, { ...given, code });
    expect(output(16)).toBe(first);
    const enciphered = Buffer.from(engine.storage.fetch(TARGET, 64));
    if (last !== undefined) expect(parameter(0, 16)).toBe(last);
    run(instruction, { code: code | DECIPHER, parameter: given.parameter, message: enciphered });
    expect(output(64)).toBe(text.toString("hex"));
  });

  it("may be stopped and gone on with", () => {
    for (const [instruction, code] of [
      [KMC, AES_128],
      [KMO, AES_128],
      [KMF, AES_128 | (16 << 24)],
      [KMF, AES_128 | (4 << 24)],
    ] as const) {
      run(instruction, { ...given, code });
      const whole = output(64);
      run(instruction, { ...given, code, message: text.subarray(0, 16) });
      const begun = output(16);
      engine.put(SOURCE, text.subarray(16));
      engine.gr({ 4: TARGET, 6: SOURCE, 7: 48 });
      engine.execute(instruction, true);
      expect(begun + output(48)).toBe(whole);
    }
  });

  it("KMF takes feedback of any length up to a block", () => {
    const ecb = (block: Uint8Array) => createCipheriv("aes-128-ecb", key, null).update(block);
    run(KMF, { ...given, code: AES_128 | (5 << 24), message: text.subarray(0, 10) });
    const first = ecb(iv)
      .subarray(0, 5)
      .map((byte, n) => byte ^ (text[n] ?? 0));
    const next = ecb(Buffer.concat([iv.subarray(5), first]));
    const second = next.subarray(0, 5).map((byte, n) => byte ^ (text[5 + n] ?? 0));
    expect(output(10)).toBe(Buffer.concat([first, second]).toString("hex"));
    for (const feedback of [0, 17])
      expect(run(KMF, { ...given, code: AES_128 | (feedback << 24) })).toBe(SPECIFICATION);
  });

  it("KMAC with PCC gives the authentication codes of RFC 4493", () => {
    const cmac = (message: Uint8Array): string => {
      const whole = Math.max(0, Math.ceil(message.length / 16) - 1) * 16;
      const zeros = new Uint8Array(16);
      run(KMAC, {
        code: AES_128,
        parameter: Buffer.concat([zeros, key]),
        message: message.subarray(0, whole),
      });
      const chaining = hex(parameter(0, 16));
      const last = new Uint8Array(16);
      last.set(message.subarray(whole));
      const head = Uint8Array.of((message.length - whole) * 8, 0, 0, 0, 0, 0, 0, 0);
      run(PCC, { code: AES_128, parameter: Buffer.concat([head, last, chaining, key]) });
      return parameter(24, 16);
    };
    expect(cmac(new Uint8Array())).toBe("bb1d6929e95937287fa37d129b756746");
    expect(cmac(text.subarray(0, 16))).toBe("070a16b46b4d4144f79bdd9dd04a287c");
    expect(cmac(text.subarray(0, 40))).toBe("dfa66747de9ae63030ca32611497c827");
    expect(cmac(text)).toBe("51f0bebf7e3b9d92fc49741779363cfe");
    run(PCC, { code: AES_128, parameter: Uint8Array.of(129) });
    expect(cpu.cc).toBe(2);
  });

  it("KMCTR enciphers the counters that it is given", () => {
    const counters = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfefff0f1f2f3f4f5f6f7f8f9fafbfcfdff00");
    engine.put(0x3000, counters);
    engine.gr({ 8: 0x3000 });
    run(KMCTR, { code: AES_128, parameter: key, message: text.subarray(0, 32) });
    expect(output(32)).toBe("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff");
    expect(cpu.gr(8)).toBe(0x3020n);
  });

  it("pseudorandom numbers are chained as in ANSI X9.17", () => {
    const keys = randomBytes(24);
    const des = (block: Uint8Array) => createCipheriv("des-ede3-ecb", keys, null).update(block);
    const xor = (a: Uint8Array, b: Uint8Array) => Buffer.from(a.map((byte, n) => byte ^ (b[n] ?? 0)));
    run(KMC, { code: 67, parameter: Buffer.concat([iv.subarray(0, 8), keys]), message: text.subarray(0, 8) });
    const time = des(text.subarray(0, 8));
    const number = des(xor(time, iv.subarray(0, 8)));
    expect(output(8)).toBe(number.toString("hex"));
    expect(parameter(0, 8)).toBe(des(xor(time, number)).toString("hex"));
  });
});

describe("keys encrypted under the machine's own", () => {
  const PCKMO = "b9280000";
  const ENCRYPTED = 8;
  const given = (code: number, wrapped: Uint8Array) => ({
    code: code + ENCRYPTED,
    parameter: wrapped,
    message: text,
  });
  const wrap = (code: number, clear: Uint8Array): Uint8Array => {
    expect(run(PCKMO, { code, parameter: clear })).toBeUndefined();
    return engine.storage.fetch(BLOCK, clear.length + (code < 16 ? 24 : 32));
  };

  it("serve as the keys that they are", () => {
    for (const [code, size] of [
      [1, 8],
      [2, 16],
      [3, 24],
      [18, 16],
      [19, 24],
      [20, 32],
    ] as const) {
      const clear = randomBytes(size);
      run(KM, { code, parameter: clear, message: text });
      const expected = output(64);
      const wrapped = wrap(code, clear);
      expect(Buffer.from(wrapped).includes(clear)).toBe(false);
      expect(run(KM, given(code, wrapped))).toBeUndefined();
      expect([cpu.cc, output(64)]).toEqual([0, expected]);
    }
  });

  it("stand with XTS before the tweak", () => {
    const tweak = randomBytes(16);
    run(KM, { code: 50, parameter: Buffer.concat([key, tweak]), message: text });
    const expected = output(64);
    run(KM, given(50, Buffer.concat([wrap(18, key), tweak])));
    expect(output(64)).toBe(expected);
  });

  it("are refused with another verification pattern", () => {
    const wrapped = Uint8Array.from(wrap(18, key));
    wrapped[20] = (wrapped[20] ?? 0) ^ 1;
    engine.put(TARGET, "unchanged");
    expect(run(KM, given(18, wrapped))).toBeUndefined();
    expect([cpu.cc, cpu.gr(7)]).toEqual([1, 64n]);
    expect(engine.text(TARGET, 9)).toBe("unchanged");
  });

  it("are made by the supervisor alone, in functions that are there", () => {
    engine.setPsw("64", PswBit.problemState);
    expect(run(PCKMO, { code: 18, parameter: key })).toBe(2);
    engine.setPsw("64");
    expect(run(PCKMO, { code: 26, parameter: key })).toBe(SPECIFICATION);
    cpu.cc = 2;
    expect(run(PCKMO, { code: 0 })).toBeUndefined();
    expect([cpu.cc, parameter(0, 16)]).toEqual([2, "f0003800000000000000000000000000"]);
  });
});

describe("CIPHER MESSAGE WITH AUTHENTICATION", () => {
  const KMA = "b9298046";
  const AGAIN = { data: 0x200, message: 0x100 };
  const DATA = 0x6000;

  /** All of it in as many executions as there are parts; returns the message's other side and the tag. */
  function gcm(nonce: Uint8Array, data: readonly Uint8Array[], parts: readonly Uint8Array[], decipher = 0) {
    const bits = (all: readonly Uint8Array[]) => {
      const length = Buffer.alloc(8);
      length.writeUInt32BE(Buffer.concat(all).length * 8, 4);
      return length;
    };
    const counter = hex("00000001");
    engine.put(
      BLOCK,
      Buffer.concat([
        new Uint8Array(12),
        counter,
        new Uint8Array(32),
        bits(data),
        bits(parts),
        nonce,
        counter,
        key,
      ]),
    );
    engine.gr({ 0: AES_128 | decipher, 1: BLOCK, 4: TARGET, 6: SOURCE, 7: 0 });
    data.forEach((bytes, n) => {
      engine.put(DATA, bytes);
      engine.gr({ 8: DATA, 9: bytes.length });
      if (n === data.length - 1 && parts.length > 0) return;
      expect(engine.execute(KMA, true)).toBeUndefined();
    });
    cpu.setGrLow(0, cpu.grLow(0) | AGAIN.data);
    parts.forEach((bytes, n) => {
      engine.put(SOURCE, bytes);
      engine.gr({ 6: SOURCE, 7: bytes.length });
      if (n === parts.length - 1) cpu.setGrLow(0, cpu.grLow(0) | AGAIN.message);
      expect(engine.execute(KMA, true)).toBeUndefined();
      expect([cpu.cc, cpu.gr(7), cpu.gr(9)]).toEqual([0, 0n, 0n]);
    });
    return { output: output(Buffer.concat(parts).length), tag: parameter(16, 16) };
  }

  it("is AES-GCM, in one part or in several", () => {
    const [nonce, data, message] = [randomBytes(12), randomBytes(45), randomBytes(0x8000 + 27)];
    const cipher = createCipheriv("aes-128-gcm", key, nonce).setAAD(data);
    const ciphertext = Buffer.concat([cipher.update(message), cipher.final()]);
    const expected = { output: ciphertext.toString("hex"), tag: cipher.getAuthTag().toString("hex") };
    expect(gcm(nonce, [data], [message])).toEqual(expected);
    const pieces = [message.subarray(0, 48), message.subarray(48, 0x4000), message.subarray(0x4000)];
    expect(gcm(nonce, [data.subarray(0, 32), data.subarray(32)], pieces)).toEqual(expected);
    const deciphered = gcm(nonce, [data], [ciphertext], DECIPHER);
    expect(deciphered).toEqual({ output: message.toString("hex"), tag: expected.tag });
  });

  it("supplies the hash subkey and says so", () => {
    gcm(randomBytes(12), [new Uint8Array()], [text]);
    expect(cpu.grLow(0) & 0x400).toBe(0x400);
    expect(parameter(32, 16)).toBe(
      createCipheriv("aes-128-ecb", key, null).update(new Uint8Array(16)).toString("hex"),
    );
  });

  it("refuses a part of a block that is not the last", () => {
    engine.gr({ 0: AES_128, 1: BLOCK, 4: TARGET, 6: SOURCE, 7: 16, 8: DATA, 9: 15 });
    expect(engine.execute(KMA)).toBe(SPECIFICATION);
    engine.gr({ 0: AES_128 | AGAIN.data, 7: 15, 9: 15 });
    expect(engine.execute(KMA)).toBe(SPECIFICATION);
    expect(engine.execute("b9296046")).toBe(SPECIFICATION); // R3 is R2
  });
});

describe("digests", () => {
  const functions = [
    [1, "sha1", "67452301efcdab8998badcfe10325476c3d2e1f0", 64],
    [2, "sha256", "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19", 64],
    [
      3,
      "sha512",
      "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1" +
        "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179",
      128,
    ],
  ] as const;
  it.each(functions)("function %i is %s, begun by KIMD and ended by KLMD", (code, name, initial, size) => {
    const state = hex(initial);
    for (const length of [0, 3, size - 1 - size / 8, size - size / 8, size - 1, size, 5000]) {
      const message = randomBytes(2 * size + length);
      run(KIMD, { code, parameter: state, message: message.subarray(0, 2 * size) });
      const bits = Buffer.alloc(size / 8);
      bits.writeUInt32BE(message.length * 8, bits.length - 4);
      const middle = Buffer.concat([hex(parameter(0, state.length)), bits]);
      expect(run(KLMD, { code, parameter: middle, message: message.subarray(2 * size) })).toBeUndefined();
      expect([cpu.cc, cpu.gr(7)]).toEqual([0, 0n]);
      expect(parameter(0, state.length)).toBe(createHash(name).update(message).digest("hex"));
    }
  });

  it("KIMD takes whole blocks, and has GHASH", () => {
    expect(run(KIMD, { code: 2, length: 65 })).toBe(SPECIFICATION);
    const subkey = hex("66e94bd4ef8a2c3b884cfa59ca342b2e");
    const blocks = hex("0388dace60b6a392f328c2b971b2fe7800000000000000000000000000000080");
    run(KIMD, { code: 65, parameter: Buffer.concat([new Uint8Array(16), subkey]), message: blocks });
    expect(parameter(0, 16)).toBe("f38cbb1ad69223dcc3457ae5b6b0f885");
    expect(parameter(16, 16)).toBe(subkey.toString("hex"));
  });
});

describe("PERFORM RANDOM NUMBER OPERATION", () => {
  // NIST's first vector of Hash_DRBG with SHA-512, as Linux tests itself with it: the second 256 bytes.
  const material = hex(
    "6b50a7d8f8a55d7a3df8bb40bcc3b722d8708de67fda010b03c4c84d72096f8c3ec649cc6256d9fa31db7a2904aaf025",
  );
  it("generates what its seed determines", () => {
    run(PRNO, { code: 3 | DECIPHER, parameter: new Uint8Array(240), message: material });
    expect(parameter(16, 12)).toBe("00ade36f9a01c776613435f5");
    expect(parameter(128, 12)).toBe("00f4a3e5a0726395c64f48d0");
    for (let n = 0; n < 2; n++) {
      engine.gr({ 0: 3, 1: BLOCK, 4: TARGET, 5: 256 });
      engine.execute(PRNO, true);
    }
    expect(output(24)).toBe("95b7f17e9802d3577392c6a9c08083b67dd1292265b5f42d");
    expect(engine.hex(TARGET + 240, 16)).toBe("21e4b08644f6727c368c5a9f7a4b3ee2");
    expect([cpu.gr(4), cpu.gr(5)]).toEqual([BigInt(TARGET + 256), 0n]);
    expect(parameter(4, 12)).toBe("000000030000000000000200");
  });

  it("gives the host's random numbers, raw and conditioned", () => {
    engine.gr({ 0: 114, 4: TARGET, 5: 48, 6: SOURCE, 7: 16 });
    expect(engine.execute(PRNO, true)).toBeUndefined();
    expect(output(48)).not.toMatch(/(00){8}/);
    expect(engine.hex(SOURCE, 16)).not.toMatch(/(00){8}/);
    expect(engine.hex(SOURCE + 16, 4)).toBe("00000000");
    expect([cpu.gr(5), cpu.gr(7)]).toEqual([0n, 0n]);
  });
});

describe("query", () => {
  it.each([
    ["KM", KM, "f0703838000028280000000000000000"],
    ["KMC", KMC, "f0703838000000001000000000000000"],
    ["KMF", KMF, "f0703838000000000000000000000000"],
    ["KMAC", KMAC, "f0703838000000000000000000000000"],
    ["KIMD", KIMD, "f0000000000000004000000000000000"],
    ["KLMD", KLMD, "f0000000000000000000000000000000"],
    ["PCC", PCC, "f0703838000028280000000000000000"],
    ["KMA", "b9298046", "80003838000000000000000000000000"],
    ["PRNO", PRNO, "9000000000000000000000000000a000"],
  ])("%s tells its functions", (_, instruction, expected) => {
    expect(run(instruction, { code: 0 })).toBeUndefined();
    expect([cpu.cc, parameter(0, 16)]).toEqual([0, expected]);
  });

  it.each([
    ["KMAC", KMAC],
    ["KIMD", KIMD],
    ["KLMD", KLMD],
    ["PCC", PCC],
  ])("%s takes no modifier, not even with a query", (_, instruction) => {
    expect(run(instruction, { code: 0x80 })).toBe(SPECIFICATION);
  });
});
