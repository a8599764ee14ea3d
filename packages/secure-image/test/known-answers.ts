/**
 * Known-answer vectors for SE header version 0x100, computed with an independent cryptographic library from the
 * published format. Inputs: customer private scalar 65 x 0x11, host private scalar 65 x 0x22, header key 00..1f,
 * IV a0..ab, image key 40..7f, CCK 32 x c1, PSW 0x180000000/0x19000, PCF 0xe0, one component of two pages at
 * 0x15000 with tweak prefix 0x0028010203040506: page 0 counts up, page 1 is zero.
 */
import { createECDH, createPrivateKey, type KeyObject } from "node:crypto";

/** The P-521 private key with that scalar (big-endian, any length up to 66 bytes). */
export function privateKeyOf(scalar: Uint8Array): KeyObject {
  const d = Buffer.alloc(66);
  d.set(scalar, 66 - scalar.length);
  const ecdh = createECDH("secp521r1");
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const part = (from: number) => point.subarray(from, from + 66).toString("base64url");
  return createPrivateKey({
    format: "jwk",
    key: { kty: "EC", crv: "P-521", d: d.toString("base64url"), x: part(1), y: part(67) },
  });
}

export const counting = (from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, n) => from + n);

export const customerPrivate = privateKeyOf(new Uint8Array(65).fill(0x11));
export const hostPrivate = privateKeyOf(new Uint8Array(65).fill(0x22));
export const headerKey = counting(0x00, 32);
export const headerIv = counting(0xa0, 12);
export const imageKey = counting(0x40, 64);
export const cck = new Uint8Array(32).fill(0xc1);
export const psw = { mask: 0x1_8000_0000n, address: 0x19000n };
export const tweakPrefix = 0x0028_0102_0304_0506n;
export const componentAddress = 0x15000;
export const pages = [counting(0, 0x1000), new Uint8Array(0x1000)] as const;

const P = "0".repeat(28);
export const expected = {
  customerPoint:
    P +
    "01294fe67bd435cb127f9a99ad0ddf48d246751d948d79a61e6aaf3af5d435c4898210f09208090c856dd0724b426f17c4d107396cbb4674d24bd5b118f0a94f3ded" +
    P +
    "00afbac85de5d92e7b0554a8e573daef3e8e5105beda5028fa838b94ea8e84051b52a36fc2b5e736195acd8bc7cfd2f9741ea122200d9c7f602ad25c660235fd936c",
  hostPoint:
    P +
    "01961c278756ab13b825bdbbf03ab16b456a343613a32374b2d4dcfd82b198c342616c61b69302ea59a9a8e13d3bcda03dba4c456a6a77831cdf783d3de7e775ab7d" +
    P +
    "0142d929c7bb7a9d0274592e4992cba27fbdd91b3af0b3f2c731bfe1c519c4b916a9a56a47663d561fc10d6c386b04d72be3a3000fdccb324d054e5ebf0961be727d",
  sharedSecret:
    "012a3654874219df7b5728f34d67a81e1ee353e8063b0564811f65651c1281931a8440b5720f517f765a40e8bc6e7e5164abc873ae856f2913cade7253da993338cd",
  kek: "42157f3ca6e9de86689c807802d0bf2d4f54f8b98351dc1155b6932832e1b01a",
  hostKeyHash: "1168c2b30940781f558e9f2a0b466ee5c17226fbe385982e25523069e7672b3e",
  wrappedKey: "d5f42aa326f88c0a9361e2d6c4bff75f4a00d53427d57262d85b6f184bd8bd5e",
  slotTag: "f195de8140d1942f5465b6497c025850",
  page0Start: "9964570a63f06718b461e377b76a308dd7254ba2831f156cd6c834383418318c",
  page0Sha256: "c5596a84e9b582965ba8305ae14ef606441541c4385d30f618c7d002c9c08f0a",
  page1Start: "6c10a9938bf4e7cedb5d7b63d8e8946ea8433c8af790d295c3aad0d68c8df65a",
  page1Sha256: "3d2203c445a9f20299a9fde4613c97889595f504cbf4d296e17e689914b60c64",
  pld: "f16edba5fc9ac5cea5e05f0c99bc9abec48a4b978451a20d1d9a98ba7cc4b5f58446eaabfe011660137439fe021b11f59799ad41b13532df9c983f50a414cd9e",
  ald: "7dcf727b43e1b81b99dced744b22021715ead664c8bad729d3593374dfd1cef2513a0d5ced8c61e0a0c8eea2f3646464625657666fd0881feb25d3c7b9175cb3",
  tld: "ecf661c1514f171b0f8ff62f9ed3a1d34b11079313d8122da2a4575648498e7746ae3d59b91512e3a6b95f0196486d0e5e53dd4489bf82aa43e3794cd2c30151",
  encryptedAndTag:
    "27d9bdec840ac37ea3a44612c6bb011fb16d98d1537683ad5dcfe747be6ab4c0923705bceb67157a17d54e834537cdb6" +
    "174a141b36854c2919075105f82ddbefd4dde70c54c082879c8b9573e3a3a2d5bd7ad9d7b1b4ef0d960c44e1cde733eb" +
    "8f842baa83ae8f9b9edb065085897d28245061aede359b3c2fcfdea4b455f24d6bbd664cf2906ea11e1993b1d2ebdbf2",
  headerSha256: "3d259e489067d4265ea2149b1c830848c8d0f18bac4f4cbeebbbff7e6e71aac8",
};
