/**
 * Secure Execution images at rest: host keys and their documents, writer, reader, loaders. What reads or makes certificates is
 * loaded when it is needed: its library has 200 files, and a machine starts without.
 */
export * from "./component-source.ts";
export * from "./control-flags.ts";
export { decodePoint, encodePoint, isP521, publicKeyHash } from "./ec-point.ts";
export type * from "./host-key/create-host-key.ts";
export * from "./host-key/host-key-files.ts";
export * from "./host-key/load-host-key.ts";
export type * from "./host-key/read-host-key-document.ts";
export type { TrustOptions } from "./host-key/verify-host-key-document.ts";
export type { NamedBytes } from "./host-key/x509.ts";
export * from "./genprotimg.ts";
export * from "./image-error.ts";
export * from "./image-info.ts";
export * from "./image-layout.ts";
export * from "./ipib.ts";
export * from "./key-exchange.ts";
export * from "./loader-parameters.ts";
export { stage3a, stage3b } from "./loaders/index.ts";
export { mutateImage, type MutatedImage, type RandomNumbers } from "./mutate-image.ts";
export * from "./open-se-header.ts";
export * from "./page-cipher.ts";
export { PageXts } from "./page-xts.ts";
export * from "./parse-se-image.ts";
export * from "./read-se-image.ts";
export * from "./se-header.ts";
export * from "./write-se-image.ts";
