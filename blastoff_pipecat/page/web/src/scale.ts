import { firstHeard, type Reply } from "./timeline-message.ts";

/** How much of a reply's last part is shown at least, and the shortest and longest scale (seconds). */
const TAIL_SECS = 1.5;
const SHORTEST_SECS = 3;
const LONGEST_SECS = 20;

/** The seconds that are drawn, the same for all replies, so that they can be compared. */
export type Scale = { from: number; to: number };

/**
 * The scale for these replies: all that leads up to each one's last part, and the beginning of that.
 *
 * The waits are what is looked at. Shown to its end, one long answer would squeeze them all.
 */
export function scaleOf(replies: Iterable<Reply>): Scale {
  let [from, to] = [0, SHORTEST_SECS];
  for (const reply of replies) {
    const { over, ...steps } = reply.times;
    const lines = reply.waitingLines.flatMap((line) => [line.left, line.heard, line.over]);
    const times = [...Object.values(steps), ...lines].filter((at) => at !== null);
    const lastPart = reply.times.continuation_heard ?? firstHeard(reply);
    const tail = lastPart === null ? 0 : Math.min(lastPart + TAIL_SECS, over ?? lastPart);
    from = Math.min(from, ...times);
    to = Math.max(to, tail, ...times);
  }
  return { from: Math.floor(from * 4) / 4, to: Math.min(Math.ceil(to * 2) / 2, LONGEST_SECS) };
}

/** The seconds that get a mark, so that marks keep a distance in pixels. */
export function marksOf({ from, to }: Scale, width: number): number[] {
  const apart = 56;
  const step =
    [0.5, 1, 2, 5, 10].find((secs) => (secs / (to - from)) * width >= apart) ?? to - from;
  const marks = [];
  for (let at = Math.ceil(from / step) * step; at <= to + 1e-9; at += step) marks.push(at);
  return marks;
}
