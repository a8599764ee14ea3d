/** A place in a text that a person wrote. Lines and columns count from 1. */
export interface Place {
  /** Path of the file, or words such as `command line`. */
  readonly source: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** Steps from the root of a profile to a value. */
export type Path = readonly (string | number)[];

/** `file:line:column`, as compilers write it. */
export function formatPlace({ source, line, column }: Place): string {
  return [source, line, column].filter((part) => part !== undefined).join(":");
}

/** `devices.0.chardev` */
export function formatPath(path: Path): string {
  return path.join(".");
}
