/**
 * The compression functions of SHA-1, SHA-256 and SHA-512: CPUs start from a chaining value in the middle of a message,
 * which libraries do not offer. Source: FIPS 180-4.
 */
export interface Compression {
  /** Bytes. */
  readonly blockSize: 64 | 128;
  readonly stateSize: number;
  /** The chaining value after whole blocks. */
  compress(state: Uint8Array, blocks: Uint8Array): Uint8Array;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const wordsOf = (bytes: Uint8Array): Int32Array => {
  const view = viewOf(bytes);
  return Int32Array.from({ length: bytes.length / 4 }, (_, n) => view.getInt32(4 * n));
};
const bytesOf = (words: Int32Array): Uint8Array => {
  const bytes = new Uint8Array(4 * words.length);
  const view = viewOf(bytes);
  words.forEach((word, n) => view.setInt32(4 * n, word));
  return bytes;
};
const rotateLeft = (word: number, count: number): number => (word << count) | (word >>> (32 - count));
const rotateRight = (word: number, count: number): number => (word >>> count) | (word << (32 - count));

/** The first 64 bits of the fractions of the cube roots of the first 80 primes; as words, left half first. */
const roundConstants: Int32Array = (() => {
  const primes: number[] = [];
  for (let n = 2; primes.length < 80; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Int32Array.from(
    primes.flatMap((prime) => {
      const root = cubeRoot(BigInt(prime) << 192n);
      return [Number(BigInt.asIntN(32, root >> 32n)), Number(BigInt.asIntN(32, root))];
    }),
  );
})();

function cubeRoot(value: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << 70n; bit > 0n; bit >>= 1n) if ((root + bit) ** 3n <= value) root += bit;
  return root;
}

export const sha1: Compression = {
  blockSize: 64,
  stateSize: 20,
  compress(state, blocks) {
    const view = viewOf(blocks);
    const h = wordsOf(state);
    const w = new Int32Array(80);
    for (let at = 0; at < blocks.length; at += 64) {
      for (let n = 0; n < 16; n++) w[n] = view.getInt32(at + 4 * n);
      for (let n = 16; n < 80; n++)
        w[n] = rotateLeft((w[n - 3] ?? 0) ^ (w[n - 8] ?? 0) ^ (w[n - 14] ?? 0) ^ (w[n - 16] ?? 0), 1);
      let [a = 0, b = 0, c = 0, d = 0, e = 0] = h;
      for (let n = 0; n < 80; n++) {
        const mixed =
          n < 20 ? (b & c) | (~b & d) : n < 40 || n >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
        const constant = n < 20 ? 0x5a82_7999 : n < 40 ? 0x6ed9_eba1 : n < 60 ? 0x8f1b_bcdc : 0xca62_c1d6;
        const next = (rotateLeft(a, 5) + mixed + e + constant + (w[n] ?? 0)) | 0;
        e = d;
        d = c;
        c = rotateLeft(b, 30);
        b = a;
        a = next;
      }
      [a, b, c, d, e].forEach((word, n) => (h[n] = (h[n] ?? 0) + word));
    }
    return bytesOf(h);
  },
};

export const sha256: Compression = {
  blockSize: 64,
  stateSize: 32,
  compress(state, blocks) {
    const view = viewOf(blocks);
    const s = wordsOf(state);
    const w = new Int32Array(64);
    for (let at = 0; at < blocks.length; at += 64) {
      for (let n = 0; n < 16; n++) w[n] = view.getInt32(at + 4 * n);
      for (let n = 16; n < 64; n++) {
        const [x, y] = [w[n - 15] ?? 0, w[n - 2] ?? 0];
        const small0 = rotateRight(x, 7) ^ rotateRight(x, 18) ^ (x >>> 3);
        const small1 = rotateRight(y, 17) ^ rotateRight(y, 19) ^ (y >>> 10);
        w[n] = (w[n - 16] ?? 0) + small0 + (w[n - 7] ?? 0) + small1;
      }
      let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = s;
      for (let n = 0; n < 64; n++) {
        const big1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
        const t1 = (h + big1 + ((e & f) ^ (~e & g)) + (roundConstants[2 * n] ?? 0) + (w[n] ?? 0)) | 0;
        const big0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
        const t2 = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((word, n) => (s[n] = (s[n] ?? 0) + word));
    }
    return bytesOf(s);
  },
};

// SHA-512 on pairs of words: index 2n is the left half of word n. Right halves are added as numbers, so that what is to
// the left of 32 bits is the carry.

const unsigned = (word: number): number => word >>> 0;
const carryOf = (sum: number): number => (sum / 0x1_0000_0000) | 0;
/** Left half of a pair shifted right by fewer than 32 bits; of a rotated pair, the right half with its halves exchanged. */
const shifted = (left: number, right: number, count: number): number =>
  (right >>> count) | (left << (32 - count));

export const sha512: Compression = {
  blockSize: 128,
  stateSize: 64,
  compress(state, blocks) {
    const view = viewOf(blocks);
    const s = wordsOf(state);
    const w = new Int32Array(160);
    const v = new Int32Array(16);
    for (let at = 0; at < blocks.length; at += 128) {
      for (let n = 0; n < 32; n++) w[n] = view.getInt32(at + 4 * n);
      for (let n = 32; n < 160; n += 2) extend(w, n);
      v.set(s);
      for (let n = 0; n < 160; n += 2) round(v, w, n);
      for (let n = 0; n < 16; n += 2) {
        const right = unsigned(s[n + 1] ?? 0) + unsigned(v[n + 1] ?? 0);
        s[n] = (s[n] ?? 0) + (v[n] ?? 0) + carryOf(right);
        s[n + 1] = right;
      }
    }
    return bytesOf(s);
  },
};

function extend(w: Int32Array, n: number): void {
  const xl = w[n - 30] ?? 0;
  const xr = w[n - 29] ?? 0;
  const yl = w[n - 4] ?? 0;
  const yr = w[n - 3] ?? 0;
  const small0l = shifted(xr, xl, 1) ^ shifted(xr, xl, 8) ^ (xl >>> 7);
  const small0r = shifted(xl, xr, 1) ^ shifted(xl, xr, 8) ^ shifted(xl, xr, 7);
  const small1l = shifted(yr, yl, 19) ^ shifted(yl, yr, 29) ^ (yl >>> 6);
  const small1r = shifted(yl, yr, 19) ^ shifted(yr, yl, 29) ^ shifted(yl, yr, 6);
  const right = unsigned(w[n - 31] ?? 0) + unsigned(small0r) + unsigned(w[n - 13] ?? 0) + unsigned(small1r);
  w[n] = (w[n - 32] ?? 0) + small0l + (w[n - 14] ?? 0) + small1l + carryOf(right);
  w[n + 1] = right;
}

/** One round on a to h, which stand in `v`. */
function round(v: Int32Array, w: Int32Array, n: number): void {
  const el = v[8] ?? 0;
  const er = v[9] ?? 0;
  const big1l = shifted(er, el, 14) ^ shifted(er, el, 18) ^ shifted(el, er, 9);
  const big1r = shifted(el, er, 14) ^ shifted(el, er, 18) ^ shifted(er, el, 9);
  const choiceL = (el & (v[10] ?? 0)) ^ (~el & (v[12] ?? 0));
  const choiceR = (er & (v[11] ?? 0)) ^ (~er & (v[13] ?? 0));
  const t1 =
    unsigned(v[15] ?? 0) +
    unsigned(big1r) +
    unsigned(choiceR) +
    unsigned(roundConstants[n + 1] ?? 0) +
    unsigned(w[n + 1] ?? 0);
  const t1l = ((v[14] ?? 0) + big1l + choiceL + (roundConstants[n] ?? 0) + (w[n] ?? 0) + carryOf(t1)) | 0;
  const al = v[0] ?? 0;
  const ar = v[1] ?? 0;
  const big0l = shifted(ar, al, 28) ^ shifted(al, ar, 2) ^ shifted(al, ar, 7);
  const big0r = shifted(al, ar, 28) ^ shifted(ar, al, 2) ^ shifted(ar, al, 7);
  const majorityL = (al & (v[2] ?? 0)) ^ (al & (v[4] ?? 0)) ^ ((v[2] ?? 0) & (v[4] ?? 0));
  const majorityR = (ar & (v[3] ?? 0)) ^ (ar & (v[5] ?? 0)) ^ ((v[3] ?? 0) & (v[5] ?? 0));
  for (let k = 15; k > 1; k--) v[k] = v[k - 2] ?? 0;
  const e = unsigned(v[9] ?? 0) + unsigned(t1);
  v[8] = (v[8] ?? 0) + t1l + carryOf(e);
  v[9] = e;
  const a = unsigned(t1) + unsigned(big0r) + unsigned(majorityR);
  v[0] = t1l + big0l + majorityL + carryOf(a);
  v[1] = a;
}
