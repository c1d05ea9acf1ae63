/**
 * Options of a router whose paths are taken to the letter: `/stream/` would be another folder, and the URLs that its answer
 * gives are relative.
 */
export const EXACT = { strict: true, sensitive: true } as const;
