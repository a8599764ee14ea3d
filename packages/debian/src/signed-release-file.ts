import type { SignedRelease } from "./signature.ts";

/** Where the cache keeps a suite's Release file: signed text and signature in one file, so that they always belong together. */
export function signedReleaseName(suite: string): string {
  return `releases/${suite}.json`;
}

/** The last one whose index for an architecture could be had. */
export function wholeReleaseName(suite: string, arch: string): string {
  return `releases/${suite}-${arch}.json`;
}

export function encodeSigned(signed: SignedRelease): Uint8Array {
  const fields = Object.entries(signed).map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]);
  return Buffer.from(JSON.stringify(Object.fromEntries(fields)));
}

/** Undefined if the file is not one of ours; what it holds is verified by its own signature. */
export function decodeSigned(bytes: Uint8Array): SignedRelease | undefined {
  const text = new TextDecoder().decode(bytes);
  const field = (name: string) => {
    const [, base64] = new RegExp(`"${name}":"([A-Za-z0-9+/=]*)"`).exec(text) ?? [];
    return base64 === undefined ? undefined : Buffer.from(base64, "base64");
  };
  const [inline, release, signature] = [field("inline"), field("release"), field("signature")];
  if (inline !== undefined) return { inline };
  return release === undefined || signature === undefined ? undefined : { release, signature };
}
