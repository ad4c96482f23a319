/** Durations as the page shows them. */

export function shortly(secs: number): string {
  return `${secs.toFixed(2)} s`;
}

/** A difference: what is later has a plus. */
export function signed(secs: number): string {
  const written = shortly(Math.abs(secs));
  return secs < 0 && written !== shortly(0) ? `−${written}` : `+${written}`;
}

export function spoken(secs: number): string {
  return `${secs.toFixed(2)} seconds`;
}
