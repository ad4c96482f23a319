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

export type Reply = {
  reply: number;
  mode: Mode;
  done: boolean;
  interrupted: boolean;
  opening: string;
  continuation: string;
  times: Times;
  /** Silence between opening and continuation, in seconds. */
  gap: number | null;
};

const TIMELINE = "blastoff-timeline";

/** Read a reply from a server message; null where it is some other message. */
export function readReply(message: unknown): Reply | null {
  if (!isRecord(message) || message["type"] !== TIMELINE) return null;
  const { reply, mode, times } = message;
  if (typeof reply !== "number" || !isRecord(times)) return null;
  return {
    reply,
    mode: mode === "large alone" ? "large alone" : "two models",
    done: message["done"] === true,
    interrupted: message["interrupted"] === true,
    opening: text(message["opening"]),
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
    gap: secs(message["gap"]),
  };
}

/** When the first sound of a reply was heard. */
export function firstHeard({ times }: Reply): number | null {
  const heard = [times.opening_heard, times.continuation_heard].filter((at) => at !== null);
  return heard.length ? Math.min(...heard) : null;
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
