/** Secure Execution images at rest: host keys and their documents, writer, reader, loaders. */
export {};
