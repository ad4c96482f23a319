/** Durations as the page shows them. */

export function shortly(secs: number): string {
  return `${secs.toFixed(2)} s`;
}

export function spoken(secs: number): string {
  return `${secs.toFixed(2)} seconds`;
}
