/** Secure Execution images at rest: host keys and their documents, writer, reader, loaders. */
export * from "./control-flags.ts";
export { decodePoint, encodePoint, isP521, publicKeyHash } from "./ec-point.ts";
export * from "./image-error.ts";
export * from "./key-exchange.ts";
export * from "./open-se-header.ts";
export * from "./page-cipher.ts";
export * from "./se-header.ts";
export { stage3a, stage3b } from "./loaders/index.ts";
export * from "./host-key/create-host-key.ts";
export * from "./host-key/host-key-files.ts";
export * from "./host-key/load-host-key.ts";
export * from "./host-key/read-host-key-document.ts";
export { HostKeyVerifier, type TrustOptions } from "./host-key/verify-host-key-document.ts";
export type { NamedBytes } from "./host-key/x509.ts";
