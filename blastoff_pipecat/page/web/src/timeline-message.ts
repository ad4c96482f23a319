import { isRecord } from "./record.ts";

/** What the bot tells of one reply, the whole state of it each time something of it changes. */

export type Mode = "two models" | "large alone";

export const MODES: readonly Mode[] = ["two models", "large alone"];

/**
 * Seconds after the user stopped speaking; where there was no user turn, after the reply began.
 * Null where that is not, or not yet, reached.
 */
export type Times = {
  /** The bot noticed that the turn is over. */
  turn_ended: number | null;
  opening_text: number | null;
  opening_heard: number | null;
  opening_over: number | null;
  continuation_text: number | null;
  continuation_heard: number | null;
  /** The last sound so far: it moves on while the bot speaks. */
  over: number | null;
};

/** What the small model says after its opening, while the large one is late. */
export type WaitingLine = { words: string; left: number | null; heard: number | null; over: number | null };

/** How the large model learns of the opening: asked at once, or to go on from its very words. */
export type Handover = "beside" | "prefix";

export type Reply = {
  reply: number;
  mode: Mode;
  done: boolean;
  interrupted: boolean;
  opening: string;
  waitingLines: WaitingLine[];
  continuation: string;
  times: Times;
  /** Null until the bot reports it, and where there was no opening to learn of. */
  handover: Handover | null;
  /** Whether the small model said that no opening is needed. */
  declined: boolean;
  /** Whether the small model speaks in the large one's place: the continuation is then no answer. */
  rescued: boolean;
  /** By how much the answer is heard later than the large model alone would have been; an estimate. */
  lateness: number | null;
};

const TIMELINE = "blastoff-timeline";

/** Read a reply from a server message; null where it is some other message. */
export function readReply(message: unknown): Reply | null {
  if (!isRecord(message) || message["type"] !== TIMELINE) return null;
  const { reply, mode, times, waiting_lines: lines } = message;
  if (typeof reply !== "number" || !isRecord(times)) return null;
  const metrics = isRecord(message["metrics"]) ? message["metrics"] : {};
  const handover = metrics["handover"];
  return {
    reply,
    mode: mode === "large alone" ? "large alone" : "two models",
    done: message["done"] === true,
    interrupted: message["interrupted"] === true,
    opening: text(message["opening"]),
    waitingLines: Array.isArray(lines) ? lines.filter(isRecord).map(readLine) : [],
    continuation: text(message["continuation"]),
    times: {
      turn_ended: secs(times["turn_ended"]),
      opening_text: secs(times["opening_text"]),
      opening_heard: secs(times["opening_heard"]),
      opening_over: secs(times["opening_over"]),
      continuation_text: secs(times["continuation_text"]),
      continuation_heard: secs(times["continuation_heard"]),
      over: secs(times["over"]),
    },
    handover: handover === "beside" || handover === "prefix" ? handover : null,
    declined: metrics["declined"] === true,
    rescued: metrics["outcome"] === "small_only",
    lateness: secs(metrics["answer_lateness"]),
  };
}

function readLine(line: Record<string, unknown>): WaitingLine {
  return {
    words: text(line["words"]),
    left: secs(line["left"]),
    heard: secs(line["heard"]),
    over: secs(line["over"]),
  };
}

/** All that a reply says. */
export function wordsOf({ opening, waitingLines, continuation }: Reply): string {
  return [opening, ...waitingLines.map((line) => line.words), continuation].join("");
}

/** When the first sound of a reply was heard. */
export function firstHeard({ times, waitingLines }: Reply): number | null {
  const lines = waitingLines.map((line) => line.heard);
  const heard = [times.opening_heard, ...lines, times.continuation_heard].filter((at) => at !== null);
  return heard.length ? Math.min(...heard) : null;
}

/** When the first sound of the large model's words was heard. */
export function answerHeard({ times, rescued }: Reply): number | null {
  return rescued ? null : times.continuation_heard;
}

/** When the large model alone would have been heard, as the bot estimates; null where it cannot. */
export function aloneHeard(reply: Reply): number | null {
  const heard = answerHeard(reply);
  if (reply.mode !== "two models" || heard === null || reply.lateness === null) return null;
  return heard - reply.lateness;
}

export type Span = { from: number; to: number };

/** The silences between what is heard of a reply, up to the first sound of its continuation. */
export function gapsOf({ times, waitingLines }: Reply): Span[] {
  const opening = { heard: times.opening_heard, over: times.opening_over };
  const parts = [opening, ...waitingLines].filter((part) => part.heard !== null);
  const begins = [...parts.slice(1).map((part) => part.heard), times.continuation_heard];
  return parts.flatMap(({ over }, index) => {
    const next = begins[index] ?? null;
    return over === null || next === null ? [] : [{ from: over, to: Math.max(over, next) }];
  });
}

/** The longest of them. */
export function longestGap(reply: Reply): Span | null {
  return gapsOf(reply).reduce<Span | null>(
    (longest, gap) => (longest && longest.to - longest.from >= gap.to - gap.from ? longest : gap),
    null,
  );
}

/** Whether somebody asked for this reply: a greeting follows no turn. */
export function answersTurn({ times }: Reply): boolean {
  return times.turn_ended !== null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function secs(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
