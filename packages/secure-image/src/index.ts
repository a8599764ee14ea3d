/** Secure Execution images at rest: host keys and their documents, writer, reader, loaders. */
export * from "./control-flags.ts";
export { decodePoint, encodePoint, isP521, publicKeyHash } from "./ec-point.ts";
export * from "./image-error.ts";
export * from "./key-exchange.ts";
export * from "./open-se-header.ts";
export * from "./page-cipher.ts";
export * from "./se-header.ts";
export * from "./component-source.ts";
export * from "./image-layout.ts";
export * from "./ipib.ts";
export * from "./loader-parameters.ts";
export * from "./parse-se-image.ts";
export * from "./read-se-image.ts";
export * from "./write-se-image.ts";
export { stage3a, stage3b } from "./loaders/index.ts";
