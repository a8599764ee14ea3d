/** Secure Execution images at rest: host keys and their documents, writer, reader, loaders. */
export * from "./control-flags.ts";
export { decodePoint, encodePoint, isP521, publicKeyHash } from "./ec-point.ts";
export * from "./image-error.ts";
export * from "./key-exchange.ts";
export * from "./open-se-header.ts";
export * from "./page-cipher.ts";
export * from "./se-header.ts";
export { stage3a, stage3b } from "./loaders/index.ts";
