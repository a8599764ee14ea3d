import { distance } from "fastest-levenshtein";

/** The candidate that `word` is most likely meant to be, if any is near enough. Case does not count. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const lowered = word.toLowerCase();
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = distance(lowered, candidate.toLowerCase());
    if (edits < (best?.edits ?? Infinity)) best = { candidate, edits };
  }
  const tolerated = Math.max(1, Math.floor(word.length * 0.4));
  return best !== undefined && best.edits <= tolerated ? best.candidate : undefined;
}

/** ` (did you mean X?)`, or nothing. To be put behind a message. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const candidate = suggest(word, candidates);
  return candidate === undefined ? "" : ` (did you mean \`${candidate}\`?)`;
}
